import { JsonFault, memberValue, scanTrusted } from "../../../core/json-scan.ts";
import { isAbsent, isFields, type Fields } from "../fields.ts";
import { parsed } from "../text-sample.ts";

/** A response that is over, for those that keep it. */
export interface FinalResponse {
  readonly id: string;
  readonly status: "completed" | "incomplete";
  /** What may stand in an input again; see `outputAsInput`. */
  readonly output: unknown[];
  /** The whole response object as its bytes were: JSON. */
  readonly body: string;
}

const DATA = "data:";
/** The events that bear the whole response, but for that of a failed one, from which nothing goes on. */
const ENDINGS = ["response.completed", "response.incomplete"];

/**
 * @param bytes  a whole reply; or a stream, or its end: what stands before its last event is not looked at
 * @returns undefined where it has no proper end
 */
export function finalResponse(bytes: Buffer, isStream: boolean): FinalResponse | undefined {
  if (!isStream) return responseOf(bytes);
  const lines = bytes.toString().split("\n");
  for (const line of lines.toReversed()) {
    if (!line.startsWith(DATA) || !ENDINGS.some((ending) => line.includes(ending))) continue;
    const event = Buffer.from(line.slice(DATA.length));
    const response = bodyOfEnding(event);
    if (response !== undefined) return responseOf(response);
  }
  return undefined;
}

/** The response in an event, where it is one that ends a stream and no piece of a text that speaks of one. */
function bodyOfEnding(event: Buffer): Buffer | undefined {
  try {
    const members = scanTrusted(event);
    const type = members.find(({ key }) => key === "type");
    const response = members.find(({ key }) => key === "response");
    if (type === undefined || response === undefined) return undefined;
    const isEnding = ENDINGS.includes(memberValue(event, type) as string);
    return isEnding ? event.subarray(response.start, response.end) : undefined;
  } catch (error) {
    // A line that is cut off.
    if (error instanceof JsonFault) return undefined;
    throw error;
  }
}

function responseOf(bytes: Buffer): FinalResponse | undefined {
  const body = bytes.toString();
  const response = parsed(body);
  if (!isFields(response)) return undefined;
  const { id, status, output } = response;
  if (typeof id !== "string" || id === "" || !Array.isArray(output)) return undefined;
  if (status !== "completed" && status !== "incomplete") return undefined;
  return { id, status, output: outputAsInput(output), body };
}

/**
 * The items of an output as items of a later input, which the API takes as they are, but for two kinds. A call that the
 * model was cut off in was never made: nobody answers it, and a call without its output is refused. And a thought that
 * shows neither itself nor its seal is only a name for what an upstream keeps, and upstreams are told to keep nothing.
 * https://platform.openai.com/docs/guides/conversation-state
 */
export function outputAsInput(output: readonly unknown[]): unknown[] {
  return output.filter((item) => !isFields(item) || !(isHalfCall(item) || isBareThought(item)));
}

function isHalfCall({ type, status }: Fields): boolean {
  return type === "function_call" && status === "incomplete";
}

function isBareThought({ type, encrypted_content: sealed, content }: Fields): boolean {
  return type === "reasoning" && isAbsent(sealed) && !(Array.isArray(content) && content.length > 0);
}

/** A request's input as a list of items: a text is a user's message. */
export function inputItems(input: unknown): unknown[] {
  if (Array.isArray(input)) return input as unknown[];
  if (typeof input !== "string") return [];
  return [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }];
}
