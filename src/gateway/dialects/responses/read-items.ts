import { append } from "../../../core/append.ts";
import type { ChatMessage, ChatPart, ChatRequest, OtherParameter } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import {
  elementFields,
  isAbsent,
  optionalText,
  refusal,
  requiredWord,
  tellOthers,
  type Fields,
} from "../fields.ts";
import { isRequestObjectText } from "../json-text.ts";
import { readContent } from "./read-content.ts";
import { readThought } from "./read-thought.ts";

type SystemPart = ChatRequest["system"][number];

/**
 * A list of items as a conversation. Instructions before it are its system; later ones keep their place. What the model
 * thought, said and called in a row is one message of the assistant's, and results in a row are one of the user's. Ids of
 * calls may repeat from turn to turn, as some engines count from `call_0` in each reply, and stay as they are.
 */
export function readItems(
  items: readonly unknown[],
  others: OtherParameter[],
  sealKey: Buffer,
): Pick<ChatRequest, "system" | "messages"> {
  const reading = new Reading(others, sealKey);
  for (let index = 0; index < items.length; index++) {
    const place = `input[${index}]`;
    reading.add(elementFields(items[index], place), place);
  }
  return { system: reading.system, messages: reading.messages };
}

/** What a reply tells of an item, `phase` above all, asks for nothing when it comes back. */
const ITEM_KEYS = ["type", "id", "status"];
const MESSAGE_KEYS: ReadonlySet<string> = new Set([...ITEM_KEYS, "role", "content", "phase"]);
const CALL_KEYS: ReadonlySet<string> = new Set([...ITEM_KEYS, "call_id", "name", "arguments", "caller"]);
/** The name of the tool says nothing that its call does not say. */
const RESULT_KEYS: ReadonlySet<string> = new Set([...ITEM_KEYS, "call_id", "name", "output", "caller"]);

class Reading {
  readonly system: SystemPart[] = [];
  readonly messages: ChatMessage[] = [];
  readonly #others: OtherParameter[];
  readonly #sealKey: Buffer;
  /** The message that the last item is part of, where more may join it, and what it is made of. */
  #open: { readonly of: "assistant" | "results"; readonly parts: ChatPart[] } | undefined;

  constructor(others: OtherParameter[], sealKey: Buffer) {
    this.#others = others;
    this.#sealKey = sealKey;
  }

  add(item: Fields, place: string): void {
    const type = optionalText(item, "type", place) ?? (isAbsent(item["role"]) ? "item_reference" : "message");
    switch (type) {
      case "message":
        return this.#message(item, place);
      case "reasoning": {
        const thought = readThought(item, place, this.#sealKey);
        return thought === undefined ? undefined : void this.#partsOf("assistant").push(thought);
      }
      case "function_call":
        return this.#call(item, place);
      case "function_call_output":
        return this.#result(item, place);
      case "item_reference":
        throw new AppError(
          "unsupported_parameter",
          `${place}: an item_reference names an item that is kept elsewhere; send the item itself, or go on from previous_response_id`,
        );
      default:
        this.#partsOf("assistant").push({ type: "opaque", name: `${place}.${type}` });
    }
  }

  #message(item: Fields, place: string): void {
    tellOthers(item, MESSAGE_KEYS, place, this.#others);
    const { role } = item;
    const parts = readContent(item, "content", place, this.#others);
    if (role === "assistant") return append(this.#partsOf("assistant"), parts);
    this.#open = undefined;
    if (role === "user") this.messages.push({ role: "user", parts });
    else if (role === "system" || role === "developer") this.#system(parts, place);
    else throw refusal(place, "role", "system, developer, user or assistant");
  }

  #system(parts: readonly ChatPart[], place: string): void {
    const texts = parts.map((part, index): SystemPart => {
      const isText = part.type === "text" || part.type === "cache-point" || part.type === "opaque";
      return isText ? part : { type: "opaque", name: `${place}.content[${index}].${part.type}` };
    });
    if (this.messages.length === 0) append(this.system, texts);
    else this.messages.push({ role: "system", parts: texts });
  }

  #call(item: Fields, place: string): void {
    tellOthers(item, CALL_KEYS, place, this.#others);
    this.#partsOf("assistant").push({
      type: "tool-call",
      id: requiredWord(item, "call_id", place),
      name: requiredWord(item, "name", place),
      input: readArguments(item, place),
    });
  }

  #result(item: Fields, place: string): void {
    tellOthers(item, RESULT_KEYS, place, this.#others);
    const id = requiredWord(item, "call_id", place);
    const content = readContent(item, "output", place, this.#others);
    this.#partsOf("results").push({ type: "tool-result", id, content, isError: false });
  }

  /** Those of the message under way, or of a new one. */
  #partsOf(of: "assistant" | "results"): ChatPart[] {
    if (this.#open?.of === of) return this.#open.parts;
    const parts: ChatPart[] = [];
    this.#open = { of, parts };
    this.messages.push({ role: of === "assistant" ? "assistant" : "user", parts });
    return parts;
  }
}

/** Arguments as the model wrote them, which another dialect puts into its body: they must be an object. */
function readArguments(item: Fields, place: string): string {
  const text = optionalText(item, "arguments", place) ?? "";
  if (text.trim() === "") return "";
  if (isRequestObjectText(text)) return text;
  throw new AppError("invalid_request", `${place}.arguments: expected the text of a JSON object`);
}
