import type { ContentBlock } from "../converse-request.ts";
import { firstSaid, placedBlocks, type Rule } from "./rule.ts";

const MUST_START =
  "A conversation must start with a user message. Try again with a conversation that starts with a user message.";
const MUST_ALTERNATE =
  "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.";

/** Who speaks when, and that nobody says nothing. */
export const TURN_RULES: readonly Rule[] = [
  ({ request: { messages = [] } }) => (messages.length === 0 ? MUST_START : undefined),
  // Claude 4.5 was recorded to answer a conversation that the assistant begins; earlier ones are reported to refuse it.
  ({ request: { messages = [] }, resolved: { model } }) =>
    model.strictTurns && messages[0]?.role !== "user" ? MUST_START : undefined,
  ({ request: { messages = [] }, resolved: { model } }) =>
    model.strictTurns && messages.some(({ role }, index) => index > 0 && role === messages[index - 1]?.role)
      ? MUST_ALTERNATE
      : undefined,
  ({ request: { messages = [] } }) =>
    firstSaid(messages, ({ content }, index) =>
      content.length === 0
        ? `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`
        : undefined,
    ),
  ({ request }) =>
    firstSaid(placedBlocks(request), ({ block, place }) => blank(block.text, "ContentBlock", place)),
  ({ request: { system = [] } }) =>
    firstSaid(system, ({ text }, index) => blank(text, "SystemContentBlock", `system.${index}`)),
  ({ request }) =>
    firstSaid(placedBlocks(request), ({ block, place }) =>
      firstSaid(block.toolResult?.content ?? [], ({ text }, index) =>
        blank(text, "ToolResultContentBlock", `${place}.toolResult.content.${index}`),
      ),
    ),
  ({ request }) =>
    firstSaid(placedBlocks(request), ({ block, place }) =>
      block.guardContent?.text?.text.trim() === ""
        ? `The text field in the GuardrailConverseTextBlock object at ${place}.guardContent is blank. Add text to the text field, and try again.`
        : undefined,
    ),
  ({ request }) =>
    firstSaid(placedBlocks(request), ({ block, place, message }) => misplaced(block, place, message.role)),
];

function blank(text: string | undefined, object: string, place: string): string | undefined {
  return text !== undefined && text.trim() === ""
    ? `The text field in the ${object} object at ${place} is blank. Add text to the text field, and try again.`
    : undefined;
}

/** Blocks that only one of the two may use. */
const OF_ROLE: readonly (readonly [keyof ContentBlock, string])[] = [
  ["image", "user"],
  ["document", "user"],
  ["video", "user"],
  ["audio", "user"],
  ["toolResult", "user"],
  ["searchResult", "user"],
  ["toolUse", "assistant"],
  ["reasoningContent", "assistant"],
];

function misplaced(block: ContentBlock, place: string, role: string): string | undefined {
  // What a tool of the service's own found stands in the assistant's turn.
  if (block.toolResult?.type?.endsWith("_result") === true) return undefined;
  for (const [kind, owner] of OF_ROLE) {
    if (block[kind] === undefined || role === owner) continue;
    const who = owner === "user" ? "Assistant" : "User";
    if (kind === "reasoningContent")
      return "User messages cannot contain reasoning content. Please remove the reasoning content and try again.";
    return `${who} messages cannot contain the ${kind} content block at ${place}. Remove the ${kind} content block and try again.`;
  }
  return undefined;
}
