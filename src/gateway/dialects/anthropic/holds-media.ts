import { memberValue } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";

/** Types of blocks that carry or name files. */
const MEDIA: ReadonlySet<unknown> = new Set(["image", "document", "container_upload"]);
/** Where none of them is spelt, nothing has to be parsed. */
const SPELT = [...MEDIA].map((type) => Buffer.from(`"${String(type)}"`));
/**
 * What makes Anthropic read more than it is sent, and charge it: pages that it fetches, what MCP servers answer, and a long
 * conversation read once more to be summed up.
 */
const READS_MORE = ["web_fetch_", "mcp_servers", "compact_"];

/** Whether a body holds content whose tokens have nothing to do with its bytes, or sends the provider for some. */
export function holdsMedia(request: WireRequest): boolean {
  const { bytes, members } = request;
  // JSON may spell a type with escapes; then only parsing tells.
  const isEscaped = bytes.includes("\\u");
  if (isEscaped || READS_MORE.some((name) => bytes.includes(`"${name}`))) if (readsMore(request)) return true;
  if (!SPELT.some((type) => bytes.includes(type)) && !isEscaped) return false;
  const messages = members.find(({ key }) => key === "messages");
  return messages !== undefined && isMedia(memberValue(bytes, messages));
}

/**
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-fetch-tool,
 * https://platform.claude.com/docs/en/agents-and-tools/mcp-connector,
 * https://platform.claude.com/docs/en/build-with-claude/compaction
 */
function readsMore({ bytes, members }: WireRequest): boolean {
  const value = (key: string): unknown => {
    const member = members.find((one) => one.key === key);
    return member === undefined ? undefined : memberValue(bytes, member);
  };
  const servers = value("mcp_servers");
  const management = value("context_management") as { readonly edits?: unknown } | null | undefined;
  return (
    (Array.isArray(servers) && servers.length > 0) ||
    hasType(value("tools"), "web_fetch_") ||
    hasType(management?.edits, "compact_")
  );
}

function hasType(list: unknown, beginning: string): boolean {
  if (!Array.isArray(list)) return false;
  return list.some((one: { readonly type?: unknown } | null) => {
    const type = one?.type;
    return typeof type === "string" && type.startsWith(beginning);
  });
}

/** Results of tools hold blocks too; their arguments hold none. */
function isMedia(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isMedia);
  if (typeof value !== "object" || value === null) return false;
  const { type, content } = value as { type?: unknown; content?: unknown };
  return MEDIA.has(type) || isMedia(content);
}
