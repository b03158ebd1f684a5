import { anthropic, type AnthropicOptions } from "./anthropic/adapter.ts";
import { bedrock, type BedrockOptions } from "./bedrock/adapter.ts";
import { openAiCompatible, type OpenAiCompatibleOptions } from "./openai-compatible/adapter.ts";
import type { Provider } from "./provider.ts";
import { sagemaker, type SageMakerOptions } from "./sagemaker/adapter.ts";
import { simulator, type SimulatorOptions } from "./simulator/adapter.ts";
import { triton, type TritonOptions } from "./triton/adapter.ts";

/** What each kind of provider needs, secrets resolved. */
export type ProviderSettings =
  | ({ readonly kind: "anthropic" } & AnthropicOptions)
  | ({ readonly kind: "bedrock" } & BedrockOptions)
  | ({ readonly kind: "openai-compatible" } & OpenAiCompatibleOptions)
  | ({ readonly kind: "sagemaker" } & SageMakerOptions)
  | ({ readonly kind: "simulator" } & SimulatorOptions)
  | ({ readonly kind: "triton" } & TritonOptions);

/** The kinds that there are adapters for; each passes the conformance kit. */
export const PROVIDER_KINDS = [
  "anthropic",
  "bedrock",
  "openai-compatible",
  "sagemaker",
  "simulator",
  "triton",
] as const satisfies readonly ProviderSettings["kind"][];

/** Makes the adapter for a provider of the configuration. */
export function createProvider(id: string, settings: ProviderSettings): Provider {
  switch (settings.kind) {
    case "anthropic":
      return anthropic(id, settings);
    case "bedrock":
      return bedrock(id, settings);
    case "openai-compatible":
      return openAiCompatible(id, settings);
    case "sagemaker":
      return sagemaker(id, settings);
    case "simulator":
      return simulator(id, settings);
    case "triton":
      return triton(id, settings);
  }
}
