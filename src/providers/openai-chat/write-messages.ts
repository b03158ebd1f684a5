import type { ChatMessage, ChatPart, ChatRequest, Inexpressible, TextPart } from "../../core/chat.ts";
import { writeMedia } from "./write-media.ts";
import { missing } from "./missing.ts";
import { writeResult } from "./write-result.ts";

/** Instructions and conversation as chat completions have them. */
export function writeMessages(chat: ChatRequest, left: Inexpressible[]): readonly object[] {
  const writing = new Writing(left);
  if (chat.system.length > 0) writing.system(chat.system);
  for (const message of chat.messages) writing.add(message);
  return writing.done();
}

class Writing {
  readonly #messages: object[] = [];
  readonly #left: Inexpressible[];
  /** Files out of tools' results: a result can only be text, so they follow in a user's message after the last result. */
  #files: object[] = [];

  constructor(left: Inexpressible[]) {
    this.#left = left;
  }

  system(parts: readonly ChatPart[]): void {
    this.#flush();
    const content = this.#content(parts);
    if (content.length > 0) this.#messages.push({ role: "system", content: plain(content) });
  }

  add(message: ChatMessage): void {
    if (message.role === "user") return this.#user(message.parts);
    if (message.role === "system") return this.system(message.parts);
    this.#assistant(message.parts);
  }

  done(): readonly object[] {
    this.#flush();
    return this.#messages;
  }

  /** Results come first: nothing may stand between calls and their results. */
  #user(parts: readonly ChatPart[]): void {
    for (const part of parts) {
      if (part.type !== "tool-result") continue;
      const { text, files } = writeResult(part, this.#left);
      this.#messages.push({ role: "tool", tool_call_id: part.id, content: text });
      this.#files.push(...files);
    }
    const content = this.#content(parts);
    if (content.length === 0) return;
    const all = [...this.#files, ...content];
    this.#files = [];
    this.#messages.push({ role: "user", content: plain(all) });
  }

  #assistant(parts: readonly ChatPart[]): void {
    this.#flush();
    const calls = parts.filter((part) => part.type === "tool-call");
    const content = this.#content(parts);
    this.#messages.push({
      role: "assistant",
      content: content.length > 0 ? plain(content) : calls.length > 0 ? null : "",
      ...(calls.length > 0 && {
        tool_calls: calls.map(({ id, name, input }) => ({
          id,
          type: "function",
          function: { name, arguments: input === "" ? "{}" : input },
        })),
      }),
    });
  }

  /** Text and files; thoughts and cache points are left out, calls and results stand elsewhere. */
  #content(parts: readonly ChatPart[]): object[] {
    const content: object[] = [];
    for (const part of parts) {
      if (part.type === "text") content.push(textPart(part));
      else if (part.type === "opaque") this.#left.push(missing(part.name, false));
      else if (isMedia(part)) {
        const written = writeMedia(part, this.#left);
        if (written !== undefined) content.push(written);
      }
    }
    return content;
  }

  #flush(): void {
    if (this.#files.length > 0) this.#messages.push({ role: "user", content: this.#files });
    this.#files = [];
  }
}

function isMedia(part: ChatPart): part is Extract<ChatPart, { source: unknown }> {
  return "source" in part;
}

function textPart({ text }: TextPart): { type: "text"; text: string } {
  return { type: "text", text };
}

/** A single text goes as one: every engine takes that, and not every one takes lists. */
function plain(content: readonly object[]): unknown {
  const [only] = content;
  return content.length === 1 && only !== undefined && "text" in only ? only.text : content;
}
