/** Where thoughts stand: in Converse, and in Claude's own bodies. */
const THOUGHTS = ['"reasoningContent"', '"thinking"', '"redacted_thinking"'].map((key) => Buffer.from(key));

/** JSON may spell a key with escapes; then only parsing tells. */
const ESCAPE = Buffer.from("\\u");

function mayHoldThoughts(body: Buffer): boolean {
  return THOUGHTS.some((key) => body.includes(key)) || body.includes(ESCAPE);
}

interface Block {
  readonly reasoningContent?: unknown;
  readonly type?: unknown;
}

interface Message {
  readonly content?: unknown;
}

/**
 * What becomes of a body without the thoughts in it: JSON text by member. A turn that was nothing but thoughts keeps its
 * place. With them goes the wish to think: Claude thinks on only where its thoughts before the last calls are there.
 *
 * @returns undefined where there are none
 */
export function editsWithoutThoughts(body: Buffer): ReadonlyMap<string, string | undefined> | undefined {
  if (!mayHoldThoughts(body)) return undefined;
  const { messages, additionalModelRequestFields: fields } = JSON.parse(body.toString(), keepDigits) as Body;
  if (!Array.isArray(messages)) return undefined;
  const left = (messages as readonly Message[]).map(withoutThoughts);
  if (left.every((message, index) => message === (messages as readonly Message[])[index])) return undefined;
  const edits = new Map<string, string | undefined>([["messages", JSON.stringify(left)]]);
  // Claude's own body has it at the top.
  edits.set("thinking", undefined);
  if (fields?.["thinking"] !== undefined) {
    const { thinking: _, ...others } = fields;
    edits.set("additionalModelRequestFields", JSON.stringify(others));
  }
  return edits;
}

interface Body {
  readonly messages?: unknown;
  readonly additionalModelRequestFields?: Readonly<Record<string, unknown>>;
}

function withoutThoughts(message: Message): Message {
  const { content } = message;
  if (!Array.isArray(content)) return message;
  const left = (content as readonly (Block | null)[]).filter((block) => !isThought(block));
  if (left.length === content.length) return message;
  return { ...message, content: left.length > 0 ? left : [placeholder(content as readonly Block[])] };
}

function isThought(block: Block | null): boolean {
  return (
    block?.reasoningContent !== undefined || block?.type === "thinking" || block?.type === "redacted_thinking"
  );
}

function placeholder([first]: readonly Block[]): object {
  return first?.reasoningContent === undefined ? { type: "text", text: "." } : { text: "." };
}

/** Numbers as they are written: JavaScript's own would lose digits. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isNumber = typeof value === "number" && context?.source !== undefined;
  return isNumber ? (JSON as unknown as RawJson).rawJSON(context.source ?? "") : value;
}

/** https://github.com/tc39/proposal-json-parse-with-source, which Node has since 21. */
interface RawJson {
  rawJSON(text: string): unknown;
}
