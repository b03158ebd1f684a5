import { append } from "../../../core/append.ts";
import type { ChatMessage, ChatPart, ChatRequest, OtherParameter } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import { brief } from "../../../core/text.ts";
import { elementFields, refusal, requiredWord, tellOthers, type Fields } from "../fields.ts";
import { readAssistant } from "./read-assistant.ts";
import { readCachePoint, readContent, readTexts } from "./read-parts.ts";

type SystemPart = ChatRequest["system"][number];

/**
 * Instructions before the conversation are its system; later ones keep their place. Results of tools that follow each
 * other become one user message.
 */
export function readMessages(
  list: readonly unknown[],
  others: OtherParameter[],
): Pick<ChatRequest, "system" | "messages"> {
  if (list.length === 0) throw refusal("", "messages", "at least one message");
  const reading = new Reading(others);
  for (let index = 0; index < list.length; index++) {
    const place = `messages[${index}]`;
    reading.add(elementFields(list[index], place), place);
  }
  return { system: reading.system, messages: reading.messages };
}

const TEXT_KEYS: ReadonlySet<string> = new Set(["role", "content", "cache_control"]);
/** The name of the tool says nothing that its call does not say. */
const TOOL_KEYS: ReadonlySet<string> = new Set([...TEXT_KEYS, "tool_call_id", "name"]);

class Reading {
  readonly system: SystemPart[] = [];
  readonly messages: ChatMessage[] = [];
  readonly #others: OtherParameter[];
  /** The message of results that the last message read is part of. */
  #results: ChatPart[] | undefined;
  /** Calls in the old form had no ids: those that we gave them, by their names, and how many have their results. */
  readonly #functionCalls = new Map<string, { readonly ids: string[]; answered: number }>();

  constructor(others: OtherParameter[]) {
    this.#others = others;
  }

  add(message: Fields, place: string): void {
    const { role } = message;
    if (role === "tool") return this.#result(message, place, requiredWord(message, "tool_call_id", place));
    if (role === "function") return this.#result(message, place, this.#functionCallId(message, place));
    this.#results = undefined;
    if (role === "user") return this.#user(message, place);
    if (role === "assistant") return this.#assistant(message, place);
    if (role === "system" || role === "developer") return this.#system(message, place);
    throw refusal(place, "role", "system, developer, user, assistant or tool");
  }

  #system(message: Fields, place: string): void {
    tellOthers(message, TEXT_KEYS, place, this.#others);
    const parts: SystemPart[] = readTexts(message, place);
    const cachePoint = readCachePoint(message, place);
    if (cachePoint !== undefined) parts.push(cachePoint);
    if (this.messages.length === 0) append(this.system, parts);
    else this.messages.push({ role: "system", parts });
  }

  #user(message: Fields, place: string): void {
    tellOthers(message, TEXT_KEYS, place, this.#others);
    const parts: ChatPart[] = readContent(message, place, this.#others);
    const cachePoint = readCachePoint(message, place);
    if (cachePoint !== undefined) parts.push(cachePoint);
    this.messages.push({ role: "user", parts });
  }

  #assistant(message: Fields, place: string): void {
    const parts = readAssistant(message, place, this.#others, (name) => {
      const id = `function_call_${this.messages.length}`;
      const known = this.#functionCalls.get(name);
      if (known === undefined) this.#functionCalls.set(name, { ids: [id], answered: 0 });
      else known.ids.push(id);
      return id;
    });
    this.messages.push({ role: "assistant", parts });
  }

  #result(message: Fields, place: string, id: string): void {
    tellOthers(message, TOOL_KEYS, place, this.#others);
    const content = readContent(message, place, this.#others);
    if (this.#results === undefined) {
      this.#results = [];
      this.messages.push({ role: "user", parts: this.#results });
    }
    this.#results.push({ type: "tool-result", id, content, isError: false });
    const cachePoint = readCachePoint(message, place);
    if (cachePoint !== undefined) this.#results.push(cachePoint);
  }

  #functionCallId(message: Fields, place: string): string {
    const name = requiredWord(message, "name", place);
    const calls = this.#functionCalls.get(name);
    const id = calls?.ids[calls.answered++];
    if (id !== undefined) return id;
    throw new AppError("invalid_request", `${place}: no function_call of "${brief(name)}" stands before it`);
  }
}
