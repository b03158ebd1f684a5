import { escapeHtml } from "./escape-html.ts";

/** A fence, or a stretch of text between two of them. */
const FENCE = /^```[^]*?^```$/gm;
const HEADING = /^(#{1,4}) (.+)$/gm;
const LINK = /\[([^\]\n]+)\]\(([^)\s]+)\)/g;
/** Within `docs`, or on the web; nothing else becomes a link. */
const ADDRESS = /^(?:https?:\/\/|#|[\w./-]+\.(?:md|json)(?:#|$))/;

/**
 * A document as it was written, in Markdown, with what a browser needs to walk on from it: links that are links, and
 * headings that can be led to under the names that GitHub gives them.
 *
 * @returns HTML to stand in a `pre`
 */
export function documentHtml(markdown: string): string {
  let html = "";
  let end = 0;
  for (const fence of markdown.matchAll(FENCE)) {
    html += proseHtml(markdown.slice(end, fence.index)) + escapeHtml(fence[0]);
    end = fence.index + fence[0].length;
  }
  return html + proseHtml(markdown.slice(end));
}

function proseHtml(text: string): string {
  return replaced(
    text,
    HEADING,
    ([line, , title = ""]) => `<b id="${escapeHtml(anchorOf(title))}">${linkedHtml(line)}</b>`,
    linkedHtml,
  );
}

function linkedHtml(text: string): string {
  return replaced(
    text,
    LINK,
    ([link, label = "", address = ""]) =>
      ADDRESS.test(address) ? `<a href="${escapeHtml(address)}">${escapeHtml(label)}</a>` : escapeHtml(link),
    escapeHtml,
  );
}

/** Writes what fits the pattern in one way, and what stands between in another. */
function replaced(
  text: string,
  pattern: RegExp,
  write: (match: RegExpExecArray) => string,
  writeRest: (rest: string) => string,
): string {
  let html = "";
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    html += writeRest(text.slice(end, match.index)) + write(match);
    end = match.index + match[0].length;
  }
  return html + writeRest(text.slice(end));
}

/** "openai (npm), chat" is `openai-npm-chat`. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}
