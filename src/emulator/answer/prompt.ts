import type {
  ContentBlock,
  ConverseRequest,
  MediaBlock,
  SystemBlock,
  ToolResultBlock,
} from "../converse-request.ts";
import { canonicalJson, type Json } from "../json.ts";
import { countJsonTokens, countTokens } from "./tokens.ts";

/** A piece of the prompt in the order in which the cache reads it: tools, system, messages. */
export interface Segment {
  /** The same for the same content. */
  readonly identity: string;
  readonly tokens: number;
  /** A cache point stands right after it. */
  readonly cachePoint?: { readonly ttl: "5m" | "1h" };
}

/** Framing of a message, and what the tools' description costs, by the size of recorded usage. */
const MESSAGE_TOKENS = 3;
const TOOLS_TOKENS = 300;
const IMAGE_TOKENS = 1_500;
const VIDEO_TOKENS = 2_000;
const AUDIO_TOKENS = 500;
/** A page of a document, and bytes to a page. */
const PAGE_TOKENS = 1_500;
const PAGE_BYTES = 60_000;

export function segmentsOf(request: ConverseRequest): Segment[] {
  const segments: Segment[] = [];
  const tools = request.toolConfig?.tools ?? [];
  tools.forEach((tool, index) => {
    if (tool.cachePoint !== undefined) markCachePoint(segments, tool.cachePoint.ttl);
    else
      segments.push({
        identity: `tool ${canonicalJson(tool as Json)}`,
        tokens: countJsonTokens(tool as Json) + (index === 0 ? TOOLS_TOKENS : 0),
      });
  });
  for (const block of request.system ?? [])
    if (block.cachePoint !== undefined) markCachePoint(segments, block.cachePoint.ttl);
    else segments.push({ identity: `system ${canonicalJson(block as Json)}`, tokens: systemTokens(block) });
  for (const { role, content } of request.messages ?? [])
    content.forEach((block, index) => {
      if (block.cachePoint !== undefined) markCachePoint(segments, block.cachePoint.ttl);
      else
        segments.push({
          identity: `${role} ${canonicalJson(block as Json)}`,
          tokens: blockTokens(block) + (index === 0 ? MESSAGE_TOKENS : 0),
        });
    });
  return segments;
}

export function inputTokensOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { tokens }) => sum + tokens, 0);
}

function markCachePoint(segments: Segment[], ttl: "5m" | "1h" = "5m"): void {
  const last = segments.pop();
  if (last !== undefined) segments.push({ ...last, cachePoint: { ttl } });
}

function systemTokens(block: SystemBlock): number {
  return countTokens(block.text ?? block.guardContent?.text?.text ?? "");
}

function blockTokens(block: ContentBlock): number {
  if (block.toolResult !== undefined)
    return block.toolResult.content.reduce((sum, part) => sum + partTokens(part), 8);
  if (block.toolUse !== undefined) return countJsonTokens(block.toolUse.input) + 8;
  if (block.reasoningContent !== undefined)
    return countTokens(block.reasoningContent.reasoningText?.text ?? "") + 4;
  if (block.guardContent !== undefined) return countTokens(block.guardContent.text?.text ?? "");
  if (block.audio !== undefined) return AUDIO_TOKENS;
  if (block.searchResult !== undefined) return countJsonTokens(block.searchResult);
  if (block.citationsContent !== undefined) return countJsonTokens(block.citationsContent);
  return partTokens(block);
}

function partTokens(part: ToolResultBlock | ContentBlock): number {
  if (part.text !== undefined) return countTokens(part.text);
  if (part.image !== undefined) return IMAGE_TOKENS;
  if (part.video !== undefined) return VIDEO_TOKENS;
  if (part.document !== undefined) return documentTokens(part.document);
  return "json" in part ? countJsonTokens(part.json) : 0;
}

function documentTokens({ source }: MediaBlock): number {
  if (source.text !== undefined) return countTokens(source.text);
  if (source.content !== undefined)
    return source.content.reduce((sum, { text }) => sum + countTokens(text ?? ""), 0);
  const bytes = ((source.bytes?.length ?? 0) * 3) / 4;
  return Math.max(1, Math.ceil(bytes / PAGE_BYTES)) * PAGE_TOKENS;
}
