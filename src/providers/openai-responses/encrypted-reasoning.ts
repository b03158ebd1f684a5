/** What a request includes to be given thoughts that can be sent back. */
export const ENCRYPTED_REASONING = "reasoning.encrypted_content";

/** OpenAI's models that think, as they are called by OpenAI, by Bedrock (`openai.…`) and in most deployments. */
const THINKS = /(?:^|[./])(?:o[1-9]|codex-|gpt-(?:[5-9]|\d\d)(?!.*-chat))/i;

/**
 * Whether a model is known to think. Only such a one may be asked for its thoughts, as others answer 400 ("Encrypted
 * content is not supported with this model."); of a name that tells nothing it is not asked, and newer models give them
 * unasked. https://platform.openai.com/docs/api-reference/responses/object#responses/object-output
 */
export function thinksEncrypted(model: string): boolean {
  return THINKS.test(model);
}
