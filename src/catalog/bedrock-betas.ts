/**
 * Names of features in trial that InvokeModel takes in `anthropic_beta`, and the models that know them, by pattern of the
 * canonical id; of another name Bedrock says "invalid beta flag" and refuses the request. Later models refuse even names of
 * features that they have without asking, so a name that no row gives them is left away.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html;
 * anthropics/claude-code#49370, #49648 and #56595 tell what the service refuses.
 */
const BETAS: ReadonlyMap<string, RegExp> = new Map([
  ["computer-use-2024-10-22", /claude-3-5-sonnet-20241022/],
  ["computer-use-2025-01-24", /claude-(3-7|(sonnet|opus)-4-20|opus-4-1|(sonnet|haiku)-4-5)/],
  ["computer-use-2025-11-24", /claude-(opus-4-5|(opus|sonnet)-4-6)/],
  ["token-efficient-tools-2025-02-19", /claude-(3-7|(sonnet|opus)-4-(20|1))/],
  ["output-128k-2025-02-19", /claude-3-7/],
  ["interleaved-thinking-2025-05-14", /claude-\w+-4-(20|1|5|6)/],
  ["dev-full-thinking-2025-05-14", /claude-(sonnet|opus)-4-(20|1)/],
  ["context-1m-2025-08-07", /claude-(sonnet-4-(20|5|6)|opus-4-6)/],
  ["context-management-2025-06-27", /claude-\w+-4-(5|6)/],
  ["effort-2025-11-24", /claude-opus-4-5/],
  ["tool-search-tool-2025-10-19", /claude-opus-4-5/],
  ["tool-examples-2025-10-29", /claude-opus-4-5/],
  // [?] From one source.
  ["compact-2026-01-12", /claude-\w+-4-6/],
]);

/** @param canonical  the model's id without prefix */
export function bedrockKnowsBeta(beta: string, canonical: string): boolean {
  return BETAS.get(beta)?.test(canonical) ?? false;
}
