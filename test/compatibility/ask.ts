/**
 * A request as no SDK writes it: every client makes its own SDK's calls of it, exactly as an application would. It is
 * plain JSON, because clients in other languages get it over a pipe (client.ts).
 */
export interface Ask {
  readonly stream?: boolean;
  /** Instructions before the conversation, one message or block each, in this order. */
  readonly system?: readonly string[];
  /** How the SDK's form calls them: `developer` where the API has that role; a client without it cannot ask. */
  readonly systemRole?: "developer";
  readonly messages: readonly AskMessage[];
  readonly tools?: readonly AskTool[];
  /** A tool must be called: any, or the named one. */
  readonly toolChoice?: "any" | { readonly tool: string };
  /**
   * What the application's tools return, by their names. Where it is there and the first reply calls tools, the client puts
   * that reply into its history in the way its SDK does it, adds the results in the order of the calls, and asks again
   * with everything else as it was; what it then sees is what it returns.
   */
  readonly results?: Readonly<Record<string, AskResult>>;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly stop?: readonly string[];
  /** The answer shall be JSON that fits it; its name is "place". */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** The model shall think before it answers: effort `low`, or 2,048 tokens where the API counts them. */
  readonly thinking?: boolean;
  /** The instructions are marked for the provider's prompt cache. */
  readonly cache?: boolean;
  /** How many tokens it would have; nothing is generated. `messages` and `system` count. */
  readonly count?: boolean;
  /** Leave when the first piece of text has come; only with `stream`. */
  readonly abort?: boolean;
  /** After the answer, ask this in the same conversation by the id of the answer (`previous_response_id`). */
  readonly next?: string;
}

export interface AskMessage {
  readonly role: "user" | "assistant" | "system";
  readonly parts: readonly AskPart[];
}

export type AskPart =
  | { readonly type: "text"; readonly text: string }
  /** Base64, or an address. */
  | { readonly type: "image"; readonly mediaType: "image/png"; readonly base64: string }
  | { readonly type: "image-url"; readonly url: string }
  | {
      readonly type: "document";
      readonly mediaType: "application/pdf";
      readonly name: string;
      readonly base64: string;
    }
  /** A document of plain text; `text` is its content. */
  | { readonly type: "text-document"; readonly name: string; readonly text: string };

export interface AskTool {
  readonly name: string;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface AskResult {
  readonly text: string;
  /** The tool failed; an API that cannot say so gets the text alone. */
  readonly error?: boolean;
}

/** What an application sees of the (last) reply. */
export interface Seen {
  /** All its text; of an aborted stream what had come. */
  readonly text: string;
  /** The thoughts it shows, "" for none. */
  readonly thoughts: string;
  readonly calls: readonly { readonly name: string; readonly input: unknown }[];
  readonly finish: Finish;
  /** As the SDK tells it, in the terms of OpenAI: input with what was cached, output with what was thought. */
  readonly usage?: SeenUsage | undefined;
  /** The answer to `count`. */
  readonly counted?: number;
  /** The SDK's own object of the answer, where it makes one of `schema`. */
  readonly object?: unknown;
  /** Requests that the client sent. */
  readonly requests: number;
}

export interface SeenUsage {
  readonly input: number;
  readonly output: number;
  readonly cached?: number | undefined;
  readonly reasoning?: number | undefined;
}

/** `stop` only where the API tells it from `end`. */
export type Finish = "end" | "length" | "calls" | "stop" | "other" | "none";
