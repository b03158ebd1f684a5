import { fieldsOf, listOf, type Fields } from "../openai-chat/fields.ts";
import { ReplyFault } from "../reply-fault.ts";

/** One answer of the generate endpoints: all of a plain reply, a piece of a stream. */
export interface Answer {
  readonly text: string;
  /** Why the model stopped, in its backend's words; undefined while it goes on, or where the backend tells none. */
  readonly finish: string | undefined;
  /** Whether the backend tells at all why a model stops. */
  readonly tellsFinish: boolean;
  /** Of the whole prompt; undefined where it is not told. */
  readonly inputTokens: unknown;
  /** Of this answer alone. */
  readonly outputTokens: unknown;
}

/** What the upstream says went wrong, with a 200 before it. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
}

/**
 * Tensors stand under their names, one of a single element without its list. An error may come with any status, because
 * that is told with the first answer.
 * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_generate.html
 *
 * @param output  the tensor that holds the text
 * @throws ReplyFault, UpstreamError
 */
export function readAnswer(json: string, output: string): Answer {
  const fields = parsed(json);
  const { error } = fields;
  if (error !== undefined && error !== null && fields[output] === undefined)
    throw new UpstreamError(typeof error === "string" ? error : "");
  const text = firstOf(fields[output]);
  if (typeof text !== "string") throw new ReplyFault(`the upstream's answer has no text in "${output}"`);
  const finish = firstOf(fields["finish_reason"]);
  return {
    text,
    // Python's None comes as a text.
    finish: typeof finish === "string" && finish !== "None" && finish !== "" ? finish : undefined,
    tellsFinish: finish !== undefined && finish !== null,
    inputTokens: firstOf(fields["num_input_tokens"]),
    outputTokens: firstOf(fields["num_output_tokens"]),
  };
}

function parsed(json: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    value = undefined;
  }
  const fields = fieldsOf(value);
  if (fields === undefined) throw new ReplyFault("the upstream's answer is no JSON object");
  return fields;
}

/** Of several sequences, one of which was asked for. */
function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? listOf(value)[0] : value;
}
