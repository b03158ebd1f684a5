import { AppError } from "../../../core/errors.ts";
import { memberValue } from "../../../core/json-scan.ts";
import { brief } from "../../../core/text.ts";
import type { Envelope } from "../envelope.ts";
import { isAbsent, isFields, refusal, type Fields } from "../fields.ts";
import { mayEscapeLetters } from "../escaped-letters.ts";

/** Tools that the client runs itself, whatever the rest of them says. */
const CLIENT_SIDE: ReadonlySet<string> = new Set(["function", "custom", "local_shell", "apply_patch"]);
/** The key under which items of the input bring tools, `additional_tools` and `tool_search_output`. */
const TOOLS_KEY = Buffer.from('"tools"');

/**
 * Refuses tools that run at the provider: it charges them by the call, by the gigabyte or by the minute, and a price here
 * knows tokens alone. https://platform.openai.com/docs/pricing#built-in-tools
 *
 * @throws AppError unpriced
 */
export function refuseHostedTools(bytes: Buffer, envelope: Envelope): void {
  const tools = envelope.value("tools");
  if (!isAbsent(tools)) {
    if (!Array.isArray(tools)) throw refusal("", "tools", "a list of tools");
    refuseHosted(tools, "tools");
  }
  const input = envelope.member("input");
  if (input === undefined) return;
  const json = bytes.subarray(input.start, input.end);
  // Inside a text the quotes would be escaped, so this finds keys, and hardly anything else.
  if (!json.includes(TOOLS_KEY) && !mayEscapeLetters(json)) return;
  refuseInItems(memberValue(bytes, input));
}

function refuseInItems(items: unknown): void {
  if (!Array.isArray(items)) return;
  for (const [index, item] of items.entries())
    if (isFields(item) && Array.isArray(item["tools"])) refuseHosted(item["tools"], `input[${index}].tools`);
}

function refuseHosted(tools: readonly unknown[], place: string): void {
  for (const [index, tool] of tools.entries()) {
    if (!isFields(tool)) throw refusal(`${place}[${index}]`, "", "a tool");
    const { type } = tool;
    // Lists of an MCP server's tools are of no type: they tell what there was.
    if (typeof type !== "string" || isClientSide(type, tool)) continue;
    if (type === "namespace" && Array.isArray(tool["tools"]))
      refuseHosted(tool["tools"], `${place}[${index}].tools`);
    else
      throw new AppError(
        "unpriced",
        `${place}[${index}]: "${brief(type)}" runs at the provider, and tools that the provider charges by the call are not priced yet; leave it out`,
        { advises: true },
      );
  }
}

function isClientSide(type: string, tool: Fields): boolean {
  if (CLIENT_SIDE.has(type)) return true;
  if (type === "shell") {
    const { environment } = tool;
    return isAbsent(environment) || (isFields(environment) && environment["type"] === "local");
  }
  return type === "tool_search" && tool["execution"] === "client";
}
