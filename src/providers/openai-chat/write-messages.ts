import { append } from "../../core/append.ts";
import type {
  ChatMessage,
  ChatPart,
  ChatRequest,
  Inexpressible,
  TextPart,
  ToolResultPart,
} from "../../core/chat.ts";
import { brief } from "../../core/text.ts";
import { writeMedia } from "./write-media.ts";
import { missing } from "./missing.ts";
import { TurnCalls } from "./turn-calls.ts";
import { writeResult } from "./write-result.ts";

/** Instructions and conversation as chat completions have them. */
export function writeMessages(chat: ChatRequest, left: Inexpressible[]): readonly object[] {
  const writing = new Writing(left);
  if (chat.system.length > 0) writing.system(chat.system);
  for (const message of chat.messages) writing.add(message);
  return writing.done();
}

/** What each may bring: texts, what its own dialect alone knows and is told of elsewhere, and what is left out without a loss. */
const TEXTS: ReadonlySet<ChatPart["type"]> = new Set(["text", "opaque", "cache-point"]);
const HEARD: ReadonlySet<ChatPart["type"]> = new Set([
  ...TEXTS,
  ...(["image", "document", "audio", "video", "tool-result"] as const),
]);
const SAID: ReadonlySet<ChatPart["type"]> = new Set([
  ...TEXTS,
  ...(["tool-call", "reasoning", "redacted-reasoning"] as const),
]);

class Writing {
  readonly #messages: object[] = [];
  readonly #left: Inexpressible[];
  readonly #calls = new TurnCalls();
  /** What was said since the assistant's turn: nothing may stand between its calls and their results. */
  #said: object[] = [];
  /** Files out of tools' results: a result can only be text, so they follow in a user's message after the last result. */
  #files: object[] = [];

  constructor(left: Inexpressible[]) {
    this.#left = left;
  }

  system(parts: readonly ChatPart[]): void {
    this.#sayFiles();
    this.#tellMisplaced(parts, TEXTS, "instructions");
    const content = this.#content(parts.filter((part) => !isMedia(part)));
    if (content.length > 0) this.#said.push({ role: "system", content: plain(content) });
  }

  add(message: ChatMessage): void {
    if (message.role === "user") return this.#user(message.parts);
    if (message.role === "system") return this.system(message.parts);
    this.#assistant(message.parts);
  }

  done(): readonly object[] {
    this.#endTurn();
    return this.#messages;
  }

  #user(parts: readonly ChatPart[]): void {
    this.#tellMisplaced(parts, HEARD, "the user");
    for (const part of parts) if (part.type === "tool-result") this.#result(part);
    const content = this.#content(parts);
    // A turn without a word is one all the same; results have theirs.
    if (content.length === 0 && parts.some(({ type }) => type === "tool-result")) return;
    const all = [...this.#files, ...content];
    this.#files = [];
    this.#said.push({ role: "user", content: all.length === 0 ? "" : plain(all) });
  }

  #result(part: ToolResultPart): void {
    const id = this.#calls.result(part.id);
    if (id === undefined) {
      const why = "belongs to no call of the assistant's turn before it";
      this.#left.push({ name: `tool result ${brief(part.id, 64)}`, why, droppable: false });
      return;
    }
    const { text, files } = writeResult(part, this.#left);
    this.#messages.push({ role: "tool", tool_call_id: id, content: text });
    append(this.#files, files);
  }

  #assistant(parts: readonly ChatPart[]): void {
    this.#endTurn();
    const calls = parts.filter((part) => part.type === "tool-call");
    this.#tellMisplaced(parts, SAID, "the assistant");
    const content = this.#content(parts.filter((part) => !isMedia(part)));
    this.#messages.push({
      role: "assistant",
      content: content.length > 0 ? plain(content) : calls.length > 0 ? null : "",
      ...(calls.length > 0 && {
        tool_calls: calls.map(({ id, name, input }) => ({
          id: this.#calls.call(id),
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

  #tellMisplaced(parts: readonly ChatPart[], may: ReadonlySet<ChatPart["type"]>, who: string): void {
    for (const { type } of parts)
      if (!may.has(type)) this.#left.push(missing(`${type.replace("-", " ")} of ${who}`, false));
  }

  #sayFiles(): void {
    if (this.#files.length > 0) this.#said.push({ role: "user", content: this.#files });
    this.#files = [];
  }

  /** All results of the assistant's calls are there now, or are not coming. */
  #endTurn(): void {
    for (const { id, wire } of this.#calls.end()) {
      const why = "has no result; one that says so stands in for it";
      this.#left.push({ name: `tool call ${brief(id, 64)}`, why, droppable: true });
      this.#messages.push({ role: "tool", tool_call_id: wire, content: "The tool gave no result." });
    }
    this.#sayFiles();
    append(this.#messages, this.#said);
    this.#said = [];
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
