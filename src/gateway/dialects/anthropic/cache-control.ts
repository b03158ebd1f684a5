import type { CachePoint } from "../../../core/chat.ts";
import { isAbsent, type Fields } from "../fields.ts";
import { optionalText, requiredObject, requiredText } from "./look-ups.ts";
import { unknownTag, wrong } from "./refusals.ts";

/**
 * The cache point after a block, a tool or a request that carries `cache_control`.
 * https://platform.claude.com/docs/en/docs/build-with-claude/prompt-caching
 */
export function readCacheControl(fields: Fields, place: string): CachePoint | undefined {
  // Most blocks have none, and this is asked of every one.
  if (isAbsent(fields["cache_control"])) return undefined;
  const control = requiredObject(fields, "cache_control", place);
  const at = place === "" ? "cache_control" : `${place}.cache_control`;
  const type = requiredText(control, "type", at);
  if (type !== "ephemeral") throw unknownTag(at, type, ["ephemeral"]);
  const ttl = optionalText(control, "ttl", at);
  if (ttl !== undefined && ttl !== "5m" && ttl !== "1h")
    throw wrong(`${at}.ephemeral`, "ttl", "'5m' or '1h'");
  return { type: "cache-point", ttl };
}
