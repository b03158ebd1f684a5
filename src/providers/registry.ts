import { bedrock, type BedrockOptions } from "./bedrock/adapter.ts";
import { openAiCompatible, type OpenAiCompatibleOptions } from "./openai-compatible/adapter.ts";
import type { Provider } from "./provider.ts";
import { simulator, type SimulatorOptions } from "./simulator/adapter.ts";

/** What each kind of provider needs, secrets resolved. */
export type ProviderSettings =
  | ({ readonly kind: "bedrock" } & BedrockOptions)
  | ({ readonly kind: "openai-compatible" } & OpenAiCompatibleOptions)
  | ({ readonly kind: "simulator" } & SimulatorOptions);

/** The kinds that there are adapters for; each passes the conformance kit. */
export const PROVIDER_KINDS = [
  "bedrock",
  "openai-compatible",
  "simulator",
] as const satisfies readonly ProviderSettings["kind"][];

/** Makes the adapter for a provider of the configuration. */
export function createProvider(id: string, settings: ProviderSettings): Provider {
  switch (settings.kind) {
    case "bedrock":
      return bedrock(id, settings);
    case "openai-compatible":
      return openAiCompatible(id, settings);
    case "simulator":
      return simulator(id, settings);
  }
}
