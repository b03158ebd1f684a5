import type { ConversationModel } from "./conversation-model.ts";
import { bedrockModel } from "./bedrock-models.ts";
import { UNKNOWN_MODEL } from "./bedrock-model.ts";

/** What a model can do that is asked by Anthropic's Messages. */
export interface ClaudeModel extends ConversationModel {
  /** Whether it is a Claude of the table. */
  readonly known: boolean;
  readonly maxOutputTokens: number;
}

/** Every block of content may bear a mark, and one of an hour. https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
const CACHE = { minTokens: 1_024, ttl1h: true, maxPoints: 4, tools: true };
/** Text, pictures and documents may stand in results, and anything beside them. */
const TOOL_RESULTS: ConversationModel["toolResults"] = {
  images: true,
  documents: "all",
  status: true,
  beside: ["text", "image", "document"],
};

/**
 * Before 4.5 there are no structured outputs. Bedrock refuses them also for newer ones; Anthropic does not.
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs
 */
const UNSTRUCTURED = /^claude-(\d|[a-z]+-4-(0|1|20))/;

/** A model of somebody else behind the same API: nothing of Claude's own limits is known of it. */
const OTHER_MODEL: ClaudeModel = {
  ...UNKNOWN_MODEL,
  toolChoice: { any: true, tool: true },
  parallelToolSwitch: true,
  toolResults: TOOL_RESULTS,
  images: true,
  documents: true,
  jsonSchema: "tool",
  reasoning: {
    kind: "claude-budget",
    efforts: ["minimal", "low", "medium", "high", "xhigh", "max"],
    off: "silence",
  },
  acceptsReasoningBack: true,
  prefill: true,
  topK: "flat",
  cache: CACHE,
};

/**
 * What a model can do where it is asked by Messages: Anthropic itself, Foundry, Google's and AWS's hosts for it, routers.
 * A Claude that is not listed is newer than the list, and gets only what every newer one takes.
 *
 * @param id  `claude-sonnet-4-5-20250929`, `claude-sonnet-4-5@20250929`, `anthropic/claude-sonnet-4.5`,
 *   `us.anthropic.claude-opus-4-7`; what names no Claude is somebody else's model
 */
export function claudeModel(id: string): ClaudeModel {
  const known = MODELS.get(id);
  if (known !== undefined) return known;
  const model = lookUp(id);
  // Ids come from the configuration; a bound all the same.
  if (MODELS.size >= MOST_KEPT) MODELS.clear();
  MODELS.set(id, model);
  return model;
}

const MODELS = new Map<string, ClaudeModel>();
const MOST_KEPT = 1_000;

function lookUp(id: string): ClaudeModel {
  const name = directName(id);
  if (name === undefined) return OTHER_MODEL;
  const model = bedrockModel(`anthropic.${name}`);
  const isStructured = !UNSTRUCTURED.test(name);
  return {
    ...model,
    images: true,
    documents: true,
    toolResults: TOOL_RESULTS,
    cache: CACHE,
    jsonSchema: isStructured ? "native" : "tool",
    strictTools: isStructured,
  };
}

/** The name as Anthropic writes it, of whatever else it stands in; its aliases for a first version are written out. */
function directName(id: string): string | undefined {
  const found = /claude-[\w.@-]+/.exec(id.toLowerCase())?.[0];
  return found
    ?.replaceAll(/[.@]/g, "-")
    .replace(/^claude-(opus|sonnet)-4(-0)?(?=$|-latest)/, "claude-$1-4-20250514");
}
