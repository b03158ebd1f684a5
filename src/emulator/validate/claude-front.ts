import { isObject, type JsonObject } from "../json.ts";
import { cachePointsOf } from "./cache-points.ts";
import { firstSaid, type Checked, type Rule } from "./rule.ts";

/** Members of Anthropic's body that additionalModelRequestFields may bring in. */
const FIELDS = [
  "anthropic_beta",
  "context_management",
  "metadata",
  "output_config",
  "output_format",
  "thinking",
  "tool_choice",
  "tools",
  "top_k",
];
/** Betas of Anthropic's that Bedrock is known to have; any other is an "invalid beta flag". */
const BETAS = [
  "compact-2026-01-12",
  "computer-use-2024-10-22",
  "computer-use-2025-01-24",
  "computer-use-2025-11-24",
  "context-1m-2025-08-07",
  "context-management-2025-06-27",
  "dev-full-thinking-2025-05-14",
  "effort-2025-11-24",
  "extended-cache-ttl-2025-04-11",
  "fine-grained-tool-streaming-2025-05-14",
  "interleaved-thinking-2025-05-14",
  "output-128k-2025-02-19",
  "prompt-caching-2024-07-31",
  "structured-outputs-2025-11-13",
  "thinking-binding-controls-2026-08-01",
  "token-efficient-tools-2025-02-19",
  "tool-examples-2025-10-29",
  "tool-search-tool-2025-10-19",
];

export function fieldsOf({ request }: Checked): JsonObject {
  const { additionalModelRequestFields: fields } = request;
  return isObject(fields) ? fields : {};
}

/** What Anthropic's front says to any request. */
export const CLAUDE_RULES: readonly Rule[] = [
  (checked) => {
    const unknown = Object.keys(fieldsOf(checked)).find((name) => !FIELDS.includes(name));
    return unknown === undefined ? undefined : `${unknown}: Extra inputs are not permitted`;
  },
  (checked) => {
    const betas = fieldsOf(checked)["anthropic_beta"];
    if (betas === undefined) return undefined;
    if (!Array.isArray(betas)) return "anthropic_beta: Input should be a valid list";
    return betas.every((beta) => BETAS.includes(String(beta))) ? undefined : "invalid beta flag";
  },
  (checked) => sampling(checked),
  ({ request: { messages = [] }, resolved: { model } }) => {
    const last = messages.at(-1);
    if (last?.role !== "assistant") return undefined;
    if (!model.prefill)
      return "This model does not support assistant message prefill. The conversation must end with a user message.";
    const text = last.content.at(-1)?.text;
    return text !== undefined && /\s$/.test(text)
      ? "messages: final assistant content cannot end with trailing whitespace"
      : undefined;
  },
  ({ request: { inferenceConfig } }) =>
    inferenceConfig?.stopSequences?.some((sequence) => sequence.trim() === "") === true
      ? "stop_sequences: each stop sequence must contain non-whitespace"
      : undefined,
  (checked) => cacheTimes(checked),
  (checked) => {
    const { request, resolved } = checked;
    const config = fieldsOf(checked)["output_config"];
    const effort = request.outputConfig?.effort ?? (isObject(config) ? config["effort"] : undefined);
    if (effort === undefined) return undefined;
    const takesEffort =
      resolved.model.reasoning.includes("adaptive") || resolved.model.id.includes("opus-4-5");
    if (!takesEffort) return "This model does not support the effort parameter.";
    return typeof effort === "string" && EFFORTS.includes(effort)
      ? undefined
      : `output_config.effort: Input should be ${EFFORTS.map((name) => `'${name}'`).join(", ")}`;
  },
];

const EFFORTS = ["low", "medium", "high", "xhigh", "max"];

function sampling(checked: Checked): string | undefined {
  const { temperature, topP } = checked.request.inferenceConfig ?? {};
  const { sampling: allowed } = checked.resolved.model;
  if (allowed === "one" && temperature !== undefined && topP !== undefined)
    return "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
  if (allowed !== "none") return undefined;
  const sent: readonly (readonly [string, unknown])[] = [
    ["temperature", temperature],
    ["top_p", topP],
    ["top_k", fieldsOf(checked)["top_k"]],
  ];
  const deprecated = sent.find(([, value]) => value !== undefined)?.[0];
  return deprecated === undefined ? undefined : `${deprecated} is deprecated for this model.`;
}

function cacheTimes({ request, resolved: { model } }: Checked): string | undefined {
  let short = false;
  return firstSaid(cachePointsOf(request), ({ point, place }) => {
    if (point.ttl !== "1h") {
      short = true;
      return undefined;
    }
    if (model.cache?.oneHour === false)
      return `${place}.cache_control.ephemeral.ttl: Extra inputs are not permitted`;
    return short
      ? `${place}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: \`tools\`, \`system\`, \`messages\`.`
      : undefined;
  });
}
