import { AppError } from "../../../core/errors.ts";
import { memberValue, type JsonMember } from "../../../core/json-scan.ts";
import { mayEscapeLetters } from "../escaped-letters.ts";
import { isFields } from "../fields.ts";

/**
 * Tools that Anthropic runs and charges beside the tokens: by the search, by the hour of a container, and by the price of
 * another model.
 */
const CHARGED = /^(web_search|code_execution|advisor)_\d+$/;
const MARKS = ["web_search_", "code_execution_", "advisor_"].map((name) => Buffer.from(`"${name}`));

/**
 * Refuses tools that are charged by the call, because a price here knows tokens of one model alone.
 * https://platform.claude.com/docs/en/about-claude/pricing#tool-use-pricing,
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool
 *
 * @param member  `tools` of the body
 * @throws AppError unpriced
 */
export function refuseHostedTools(bytes: Buffer, member: JsonMember | undefined): void {
  if (member === undefined) return;
  const json = bytes.subarray(member.start, member.end);
  if (!MARKS.some((mark) => json.includes(mark)) && !mayEscapeLetters(json)) return;
  const tools = memberValue(bytes, member);
  if (!Array.isArray(tools)) return;
  for (const [index, tool] of (tools as unknown[]).entries()) {
    const type = isFields(tool) ? tool["type"] : undefined;
    if (typeof type === "string" && CHARGED.test(type))
      throw new AppError(
        "unpriced",
        `tools.${index}: "${type}" runs at the provider, which charges it by the call, and that is not priced yet; leave the tool out`,
        { advises: true },
      );
  }
}
