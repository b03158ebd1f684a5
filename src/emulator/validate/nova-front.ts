import { isObject } from "../json.ts";
import { firstSaid, placedBlocks, type Rule } from "./rule.ts";

const FIELDS = ["inferenceConfig", "reasoningConfig"];

/** Nova's own JSON schema, whose words come through Converse. */
export const NOVA_RULES: readonly Rule[] = [
  // As recorded: an image from S3 may be the result of a tool, a document or a video from there may not.
  ({ request }) =>
    firstSaid(placedBlocks(request), ({ block, index, at }) =>
      (block.toolResult?.content ?? []).some(
        ({ document, video }) => (document ?? video)?.source.s3Location !== undefined,
      )
        ? malformed(`/messages/${index}/content/${at}`, "toolResult")
        : undefined,
    ),
  ({ request: { additionalModelRequestFields: fields } }) => {
    const unknown = isObject(fields) ? Object.keys(fields).find((name) => !FIELDS.includes(name)) : undefined;
    return unknown === undefined ? undefined : malformed("", unknown);
  },
];

function malformed(place: string, key: string): string {
  return `Malformed input request: #${place}: extraneous key [${key}] is not permitted, please reformat your input and try again.`;
}
