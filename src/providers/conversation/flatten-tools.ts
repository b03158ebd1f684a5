import type { ChatMessage, ChatPart, ChatRequest, TextPart, ToolResultPart } from "../../core/chat.ts";

/**
 * The same request without tools: earlier calls and their results become text. Some APIs, such as Converse, have no way to say that no tool may
 * be called while they are told of tools, and must be told of those that the conversation calls.
 */
export function flattenTools(chat: ChatRequest): ChatRequest {
  const names = new Map<string, string>();
  return {
    ...chat,
    tools: [],
    toolChoice: undefined,
    messages: chat.messages.map((message) => flat(message, names)),
  };
}

export function hasCalls({ messages }: ChatRequest): boolean {
  return messages.some(({ parts }) =>
    parts.some(({ type }) => type === "tool-call" || type === "tool-result"),
  );
}

/** @param names  of the tools called so far, by the calls' ids */
function flat({ role, parts }: ChatMessage, names: Map<string, string>): ChatMessage {
  return { role, parts: parts.flatMap((part) => flatPart(part, names)) };
}

function flatPart(part: ChatPart, names: Map<string, string>): readonly ChatPart[] {
  switch (part.type) {
    case "tool-call":
      names.set(part.id, part.name);
      return [text(`I called the tool ${part.name} with ${part.input === "" ? "{}" : part.input}`)];
    case "tool-result":
      return flatResult(part, names.get(part.id) ?? part.id);
    // Without the call that they led to they are no turn that the model would know again.
    case "reasoning":
    case "redacted-reasoning":
      return [];
    default:
      return [part];
  }
}

function flatResult({ content, isError }: ToolResultPart, name: string): readonly ChatPart[] {
  const head = text(isError ? `The tool ${name} failed:` : `The tool ${name} answered:`);
  return [head, ...content.map((part): ChatPart => (part.type === "json" ? text(part.json) : part))];
}

function text(words: string): TextPart {
  return { type: "text", text: words };
}
