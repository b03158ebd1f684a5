/** Where thoughts stand: in Converse, and in Claude's own bodies. */
const THOUGHTS = ['"reasoningContent"', '"thinking"', '"redacted_thinking"'].map((key) => Buffer.from(key));

/** Whether a body may hold some; a word of the text that is spelt like them counts, too. */
export function holdsThoughts(body: Buffer): boolean {
  return THOUGHTS.some((key) => body.includes(key));
}

interface Block {
  readonly reasoningContent?: unknown;
  readonly type?: unknown;
}

interface Message {
  readonly content?: unknown;
}

/**
 * A body's `messages` as JSON text without the thoughts in them; undefined where there are none. A turn that was nothing
 * but thoughts keeps its place.
 */
export function messagesWithoutThoughts(body: Buffer): string | undefined {
  if (!holdsThoughts(body)) return undefined;
  const { messages } = JSON.parse(body.toString(), keepDigits) as { messages?: readonly Message[] };
  if (!Array.isArray(messages)) return undefined;
  return JSON.stringify((messages as readonly Message[]).map(withoutThoughts));
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
