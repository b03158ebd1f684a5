import { AppError } from "../../../core/errors.ts";
import { memberValue, type JsonMember } from "../../../core/json-scan.ts";
import { mayEscapeLetters } from "../escaped-letters.ts";
import { isFields } from "../fields.ts";

/** Tools that Anthropic runs and charges beside the tokens: by the search, and by the hour of a container. */
const CHARGED = /^(web_search|code_execution)_\d+$/;
const MARKS = [Buffer.from('"web_search_'), Buffer.from('"code_execution_')];

/**
 * Refuses tools that are charged by the call, because a price here knows tokens alone.
 * https://platform.claude.com/docs/en/about-claude/pricing#tool-use-pricing
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
        `tools.${index}: "${type}" runs at the provider, which charges it by the call, and that is not priced yet`,
      );
  }
}
