import type { Json, JsonObject } from "./json.ts";

/** A body of Converse that has passed the check of its shape. Every other form of request is turned into this one. */
export interface ConverseRequest {
  readonly messages?: readonly Message[];
  readonly system?: readonly SystemBlock[];
  readonly inferenceConfig?: {
    readonly maxTokens?: number;
    readonly temperature?: number;
    readonly topP?: number;
    readonly stopSequences?: readonly string[];
  };
  readonly toolConfig?: ToolConfig;
  readonly guardrailConfig?: {
    readonly guardrailIdentifier?: string;
    readonly guardrailVersion?: string;
    readonly trace?: string;
    readonly streamProcessingMode?: string;
  };
  readonly additionalModelRequestFields?: Json;
  readonly additionalModelResponseFieldPaths?: readonly string[];
  readonly requestMetadata?: Readonly<Record<string, string>>;
  readonly performanceConfig?: { readonly latency?: string };
  readonly serviceTier?: { readonly type: string };
  readonly outputConfig?: {
    readonly textFormat?: {
      readonly structure: { readonly jsonSchema: { readonly schema: string; readonly name?: string } };
    };
    readonly effort?: string;
  };
}

export interface Message {
  readonly role: string;
  readonly content: readonly ContentBlock[];
}

export interface ContentBlock {
  readonly text?: string;
  readonly image?: MediaBlock;
  readonly document?: MediaBlock & { readonly name: string };
  readonly video?: MediaBlock;
  readonly audio?: MediaBlock;
  readonly toolUse?: ToolUse;
  readonly toolResult?: ToolResult;
  readonly guardContent?: GuardContent;
  readonly cachePoint?: CachePoint;
  readonly reasoningContent?: ReasoningContent;
  readonly searchResult?: JsonObject;
  readonly citationsContent?: JsonObject;
}

export interface SystemBlock {
  readonly text?: string;
  readonly guardContent?: GuardContent;
  readonly cachePoint?: CachePoint;
}

export interface MediaBlock {
  readonly format?: string;
  readonly source: {
    readonly bytes?: string;
    readonly s3Location?: { readonly uri: string };
    readonly text?: string;
    readonly content?: readonly { readonly text?: string }[];
  };
}

export interface ToolUse {
  readonly toolUseId: string;
  readonly name: string;
  readonly input: Json;
  readonly type?: string;
}

export interface ToolResult {
  readonly toolUseId: string;
  readonly content: readonly ToolResultBlock[];
  readonly status?: string;
  readonly type?: string;
}

export interface ToolResultBlock {
  readonly text?: string;
  readonly json?: Json;
  readonly image?: MediaBlock;
  readonly document?: MediaBlock & { readonly name: string };
  readonly video?: MediaBlock;
}

export interface GuardContent {
  readonly text?: { readonly text: string; readonly qualifiers?: readonly string[] };
  readonly image?: MediaBlock;
}

export interface CachePoint {
  readonly type: string;
  readonly ttl?: "5m" | "1h";
}

export interface ReasoningContent {
  readonly reasoningText?: { readonly text: string; readonly signature?: string };
  readonly redactedContent?: string;
}

export interface ToolConfig {
  readonly tools: readonly Tool[];
  readonly toolChoice?: {
    readonly auto?: JsonObject;
    readonly any?: JsonObject;
    readonly tool?: { readonly name: string };
  };
}

export interface Tool {
  readonly toolSpec?: ToolSpec;
  readonly systemTool?: { readonly name: string };
  readonly cachePoint?: CachePoint;
}

export interface ToolSpec {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: { readonly json?: Json };
  readonly strict?: boolean;
}

/** The text of the last message of the user, its blocks joined; what the made-up answer goes by. */
export function lastUserText(request: ConverseRequest): string {
  const last = request.messages?.findLast(({ role }) => role === "user");
  return (last?.content ?? [])
    .map((block) => block.text ?? block.guardContent?.text?.text ?? "")
    .filter((text) => text !== "")
    .join("\n");
}
