import type { ContentBlock } from "../converse-request.ts";
import { isSignatureOf } from "../answer/signature.ts";
import { redactedText, signedText } from "../answer/reasoning.ts";
import { isObject, type JsonObject } from "../json.ts";
import { fieldsOf } from "./claude-front.ts";
import { firstSaid, placedBlocks, type Checked, type Placed, type Rule } from "./rule.ts";

const DOCS =
  "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking";
const LEAST_BUDGET = 1_024;

/** Thinking: when it may be turned on, and that its blocks come back as they went out. */
export const CLAUDE_REASONING_RULES: readonly Rule[] = [
  (checked) => badSwitch(checked),
  (checked) => (isOn(checked) ? badCompany(checked) : undefined),
  (checked) =>
    checked.resolved.model.signsReasoning
      ? firstSaid(placedBlocks(checked.request), (placed) => badBlock(placed, checked))
      : undefined,
  (checked) => changedReasoning(checked),
  (checked) => missingReasoning(checked),
];

function thinkingOf(checked: Checked): JsonObject | undefined {
  const { thinking } = fieldsOf(checked) as { readonly thinking?: unknown };
  return isObject(thinking) ? thinking : undefined;
}

function isOn(checked: Checked): boolean {
  const type = thinkingOf(checked)?.["type"];
  return type === "enabled" || type === "adaptive";
}

function badSwitch(checked: Checked): string | undefined {
  const thinking = thinkingOf(checked);
  const { model } = checked.resolved;
  if (thinking === undefined) return undefined;
  const { type, budget_tokens: budget } = thinking as {
    readonly type?: unknown;
    readonly budget_tokens?: unknown;
  };
  if (model.reasoning === "none") return "thinking: Extra inputs are not permitted";
  if (type === "adaptive" && model.reasoning === "budget")
    return "thinking: Input tag 'adaptive' found using 'type' does not match any of the expected tags: 'disabled', 'enabled'";
  if (type !== "enabled") return undefined;
  if (model.reasoning === "adaptive")
    return '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.';
  if (typeof budget !== "number") return "thinking.enabled.budget_tokens: Field required";
  if (budget < LEAST_BUDGET)
    return `thinking.enabled.budget_tokens: Input should be greater than or equal to ${LEAST_BUDGET}`;
  const most = checked.request.inferenceConfig?.maxTokens ?? model.maxOutputTokens;
  return budget >= most
    ? `\`max_tokens\` must be greater than \`thinking.budget_tokens\`. ${DOCS}#max-tokens-and-context-window-size`
    : undefined;
}

/** Settings that thinking does not bear. */
function badCompany(checked: Checked): string | undefined {
  const { toolConfig, inferenceConfig } = checked.request;
  const choice = toolConfig?.toolChoice;
  if (choice?.any !== undefined || choice?.tool !== undefined)
    return "Thinking may not be enabled when tool_choice forces tool use.";
  const { temperature, topP } = inferenceConfig ?? {};
  if (temperature !== undefined && temperature !== 1)
    return `\`temperature\` may only be set to 1 when thinking is enabled. ${DOCS}#important-considerations-when-using-extended-thinking`;
  if (topP !== undefined && topP < 0.95)
    return `\`top_p\` must be greater than or equal to 0.95 or unset when thinking is enabled. ${DOCS}#important-considerations-when-using-extended-thinking`;
  return fieldsOf(checked)["top_k"] === undefined
    ? undefined
    : `\`top_k\` must be unset when thinking is enabled. ${DOCS}#important-considerations-when-using-extended-thinking`;
}

function badBlock(
  { block, message, index, at }: Placed,
  { resolved: { model } }: Checked,
): string | undefined {
  const reasoning = block.reasoningContent;
  if (reasoning === undefined) return undefined;
  const place = `messages.${index}.content.${placeWithoutCachePoints(message.content, at)}`;
  if (reasoning.redactedContent !== undefined)
    return isSignatureOf(dataOf(reasoning.redactedContent), redactedText(model))
      ? undefined
      : `${place}: Invalid \`data\` in \`redacted_thinking\` block`;
  const { text = "", signature } = reasoning.reasoningText ?? {};
  if (signature === undefined || signature === "") return `${place}.thinking.signature: Field required`;
  return isSignatureOf(signature, signedText(model, text))
    ? undefined
    : `${place}: Invalid \`signature\` in \`thinking\` block`;
}

/** In Anthropic's form a cache point is no block of its own. */
function placeWithoutCachePoints(content: readonly ContentBlock[], at: number): number {
  return content.slice(0, at).filter(({ cachePoint }) => cachePoint === undefined).length;
}

function dataOf(redactedContent: string): string {
  return Buffer.from(redactedContent, "base64").toString();
}

interface ToolTurn {
  readonly index: number;
  readonly content: readonly ContentBlock[];
  readonly callId: string;
}

/** The assistant's turn whose calls the last message answers. */
function lastToolTurn({ request: { messages = [] } }: Checked): ToolTurn | undefined {
  const index = messages.findLastIndex(({ role }) => role === "assistant");
  const content = messages[index]?.content ?? [];
  const callId = content.find(({ toolUse }) => toolUse !== undefined)?.toolUse?.toolUseId;
  const answered = messages.at(-1)?.content.some(({ toolResult }) => toolResult !== undefined);
  return callId === undefined || answered !== true ? undefined : { index, content, callId };
}

function changedReasoning(checked: Checked): string | undefined {
  const turn = lastToolTurn(checked);
  const issued = turn === undefined ? undefined : checked.issued.of(turn.callId);
  if (turn === undefined || issued === undefined) return undefined;
  const returned = turn.content.flatMap(({ reasoningContent: reasoning }) =>
    reasoning === undefined
      ? []
      : [
          reasoning.redactedContent === undefined
            ? (reasoning.reasoningText?.signature ?? "")
            : dataOf(reasoning.redactedContent),
        ],
  );
  const same = returned.length === issued.length && returned.every((mark, at) => mark === issued[at]);
  return returned.length === 0 || same
    ? undefined
    : `messages.${turn.index}.content.0: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.`;
}

function missingReasoning(checked: Checked): string | undefined {
  const turn = lastToolTurn(checked);
  if (turn === undefined || thinkingOf(checked)?.["type"] !== "enabled") return undefined;
  const [first] = turn.content;
  if (first?.reasoningContent !== undefined) return undefined;
  const found = first?.toolUse === undefined ? "text" : "tool_use";
  return `messages.${turn.index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${found}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable \`thinking\`. ${DOCS}`;
}
