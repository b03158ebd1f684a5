import type { MediaBlock } from "../converse-request.ts";
import { firstSaid, placedBlocks, type Checked, type Rule } from "./rule.ts";

/** Letters, digits, blanks, hyphens, brackets; the underscore is not in the message but passes, as users found out. */
const NAME = /^[A-Za-z0-9 _\-()[\]]+$/;
const NAME_RULE =
  "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character.";
const MOST_DOCUMENTS = 5;
const MOST_BYTES = 4.5 * 1024 * 1024;

export const DOCUMENT_RULES: readonly Rule[] = [
  (checked) =>
    firstSaid(documentsOf(checked), ({ name }) =>
      NAME.test(name) && !/\s\s/.test(name) ? undefined : NAME_RULE,
    ),
  (checked) => {
    const names = documentsOf(checked).map(({ name }) => name);
    return new Set(names).size === names.length
      ? undefined
      : "Messages can't contain duplicate document names. Rename the document and retry your request.";
  },
  (checked) =>
    documentsOf(checked).length > MOST_DOCUMENTS
      ? `You can't include more than ${MOST_DOCUMENTS} documents in a request. Remove documents and try again.`
      : undefined,
  ({ request: { messages = [] } }) =>
    firstSaid(messages, ({ content }) =>
      content.some(({ document }) => document !== undefined) &&
      !content.some(({ text }) => text !== undefined)
        ? "A text block must be included when using documents."
        : undefined,
    ),
  (checked) =>
    firstSaid(documentsOf(checked), ({ name, source }) => {
      const bytes = source.bytes === undefined ? undefined : decodedBytes(source.bytes);
      if (bytes === 0) return `The document ${name} is empty. Provide a document with content and try again.`;
      return bytes !== undefined && bytes > MOST_BYTES
        ? "The maximum document size is 4.5 MB. Reduce the size of the document and try again."
        : undefined;
    }),
];

interface NamedDocument extends MediaBlock {
  readonly name: string;
}

function documentsOf({ request }: Checked): NamedDocument[] {
  return placedBlocks(request).flatMap(({ block }) => [
    ...(block.document === undefined ? [] : [block.document]),
    ...(block.toolResult?.content ?? []).flatMap(({ document }) => document ?? []),
  ]);
}

/** Length of what a base64 text stands for. */
export function decodedBytes(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.floor((base64.length * 3) / 4) - padding;
}
