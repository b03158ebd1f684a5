import type { ContentBlock } from "../converse-request.ts";
import { firstSaid, placedBlocks, type Checked, type Rule } from "./rule.ts";

/** What a model cannot do at all. */
export const SUPPORT_RULES: readonly Rule[] = [
  ({ resolved: { model } }) =>
    model.kind === "chat"
      ? undefined
      : "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
  ({ resolved: { model }, streams }) =>
    streams && !model.streaming ? "The model is unsupported for streaming." : undefined,
  ({ resolved: { model }, request }) =>
    !model.system && (request.system?.length ?? 0) > 0
      ? "This model doesn't support system messages. Remove the system field and try again."
      : undefined,
  ({ resolved: { model }, request }) =>
    !model.systemTurns && request.messages?.some(({ role }) => role === "system") === true
      ? "This model doesn't support the system role in messages. Use the system field and try again."
      : undefined,
  ({ resolved: { model }, request }) =>
    !model.tools && request.toolConfig !== undefined ? "This model doesn't support tool use." : undefined,
  ({ resolved: { model }, request, streams }) =>
    streams && !model.streamedTools && request.toolConfig !== undefined
      ? "This model doesn't support tool use in streaming mode."
      : undefined,
  ({ resolved: { model }, request }) => {
    const choice = Object.keys(request.toolConfig?.toolChoice ?? {})[0];
    if (choice === undefined || model.toolChoices.some((known) => known === choice)) return undefined;
    const field = `toolConfig.toolChoice.${choice}`;
    return `This model doesn't support the ${field} field. Remove ${field} and try again.`;
  },
  (checked) => firstSaid(placedBlocks(checked.request), ({ block }) => unsupportedBlock(block, checked)),
  ({ resolved: { model }, request }) =>
    request.performanceConfig?.latency === "optimized" && !model.optimizedLatency
      ? `Latency performance configuration is not supported for ${model.id}`
      : undefined,
];

const MEDIA = ["image", "document", "video", "audio"] as const;

function unsupportedBlock(block: ContentBlock, { resolved: { model } }: Checked): string | undefined {
  for (const kind of MEDIA) {
    const media = block[kind];
    if (media === undefined) continue;
    if (!model.media.includes(kind))
      return `This model doesn't support the ${kind} content block that you provided. Update the content block and try again.`;
    if (media.source.s3Location !== undefined && !model.s3)
      return "This model doesn't support the s3Uri field. Remove s3Uri and try again.";
  }
  return undefined;
}
