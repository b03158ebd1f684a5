import { endianness } from "node:os";
import type { EmbeddingsReply, EmbeddingsRequest, OtherParameter } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import {
  optionalCount,
  optionalText,
  optionalWord,
  parseFields,
  refusal,
  tellOthers,
  type Fields,
} from "../fields.ts";
import type { ReplyFacts } from "../chat-writer.ts";

/** https://platform.openai.com/docs/api-reference/embeddings/create#embeddings_create-input */
const MOST_TEXTS = 2_048;

const KNOWN: ReadonlySet<string> = new Set([
  "input",
  "model",
  "dimensions",
  "encoding_format",
  "input_type",
  "user",
  "metadata",
]);

/**
 * An embeddings request in no dialect.
 *
 * @throws AppError invalid_request that names the place, unsupported_parameter for tokens instead of texts
 */
export function readOpenAiEmbeddings(body: Buffer): EmbeddingsRequest {
  const fields = parseFields(body);
  const others: OtherParameter[] = [];
  tellOthers(fields, KNOWN, "", others);
  const encoding = optionalText(fields, "encoding_format", "") ?? "float";
  if (encoding !== "float" && encoding !== "base64") throw refusal("", "encoding_format", "float or base64");
  return {
    texts: readTexts(fields),
    dimensions: optionalCount(fields, "dimensions", ""),
    encoding,
    // Not OpenAI's own: what NVIDIA, Voyage and LiteLLM call it.
    purpose: optionalWord(fields, "input_type", ""),
    others,
  };
}

function readTexts(fields: Fields): readonly string[] {
  const { input } = fields;
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (list.length === 0) throw refusal("", "input", "at least one text");
  if (list.length > MOST_TEXTS) throw refusal("", "input", `at most ${MOST_TEXTS} texts`);
  return list.map((text, index) => {
    if (typeof text === "string" && text !== "") return text;
    if (typeof text === "number" || Array.isArray(text))
      throw new AppError(
        "unsupported_parameter",
        "input: tokens of one model say nothing to another; send texts",
      );
    throw refusal("", Array.isArray(input) ? `input[${index}]` : "input", "a text that is not empty");
  });
}

/** https://platform.openai.com/docs/api-reference/embeddings/object */
export function writeOpenAiEmbeddings(
  reply: EmbeddingsReply,
  request: EmbeddingsRequest,
  facts: ReplyFacts,
): Buffer {
  const tokens = reply.usage?.inputTokens ?? 0;
  return Buffer.from(
    JSON.stringify({
      object: "list",
      data: reply.vectors.map((vector, index) => ({
        object: "embedding",
        index,
        embedding: request.encoding === "base64" ? base64(vector) : vector,
      })),
      model: facts.model,
      // SDKs read it without asking whether it is there.
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    }),
  );
}

const IS_BIG_ENDIAN = endianness() === "BE";

/** Little-endian 32-bit numbers, as OpenAI's SDKs ask for unless they are told otherwise. */
function base64(vector: readonly number[]): string {
  const bytes = Buffer.from(Float32Array.from(vector).buffer);
  return (IS_BIG_ENDIAN ? bytes.swap32() : bytes).toString("base64");
}
