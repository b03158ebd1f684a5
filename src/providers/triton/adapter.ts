import type { Provider } from "../provider.ts";
import type { ChatTemplateName } from "../text-generation/chat-template.ts";

export interface TritonOptions {
  /** Everything before /v2/models. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly chatTemplate: ChatTemplateName;
  /** Names of the model's tensors. */
  readonly fields: { readonly input: string; readonly output: string };
  /** Whose names for sampling parameters its backend takes. */
  readonly parameters: "vllm" | "trtllm";
  /** Connections at most. */
  readonly connections: number;
}

/** NVIDIA Triton's generate endpoints. */
export function triton(id: string, _options: TritonOptions): Provider {
  throw new Error(`${id}: not built yet`);
}
