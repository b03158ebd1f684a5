import type { ChatTemplateName } from "../text-generation/chat-template.ts";

/** What a `sagemaker` provider needs, secrets resolved. */
export interface SageMakerOptions {
  readonly region: string;
  /** Instead of the Region's own address: a VPC endpoint, an emulator. */
  readonly baseUrl: string | undefined;
  /** A profile of the shared AWS configuration; the standard chain where absent. */
  readonly profile: string | undefined;
  /** A SageMaker API key, for `openai-path` alone; without one requests are signed. */
  readonly apiKey: string | undefined;
  /**
   * What the container takes:
   * - `openai`: chat completions at /invocations
   * - `openai-path`: the same at the endpoint's own OpenAI path
   * - `tgi`, `djl`: a prompt and parameters at /invocations, as TGI and as LMI (DJL Serving) name them
   */
  readonly payload: "openai" | "openai-path" | "tgi" | "djl";
  /** How a prompt is written from a conversation, for `tgi` and `djl`. */
  readonly chatTemplate: ChatTemplateName;
  /** The model's name inside the body, for `openai` and `openai-path`. */
  readonly sendModel: string | undefined;
  /** Connections at most. */
  readonly connections: number;
}
