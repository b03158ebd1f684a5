import type { Provider } from "../provider.ts";

export interface AnthropicOptions {
  /** Everything before /v1/messages. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly auth: "x-api-key" | "bearer" | undefined;
  /** Connections at most. */
  readonly connections: number;
}

/** Anthropic's Messages API, and whatever else speaks it. */
export function anthropic(id: string, _options: AnthropicOptions): Provider {
  throw new Error(`${id}: not built yet`);
}
