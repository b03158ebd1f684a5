import type { Provider } from "../provider.ts";
import type { ChatTemplateName } from "../text-generation/chat-template.ts";

export interface SageMakerOptions {
  readonly region: string;
  readonly baseUrl: string | undefined;
  readonly profile: string | undefined;
  /** A SageMaker API key; without one requests are signed. */
  readonly apiKey: string | undefined;
  readonly payload: "openai" | "openai-path" | "tgi" | "djl";
  readonly chatTemplate: ChatTemplateName;
  /** The model's name inside the body. */
  readonly sendModel: string | undefined;
  /** Connections at most. */
  readonly connections: number;
}

/** Models on Amazon SageMaker. A target's model is ENDPOINT or ENDPOINT/INFERENCE-COMPONENT. */
export function sagemaker(id: string, _options: SageMakerOptions): Provider {
  throw new Error(`${id}: not built yet`);
}
