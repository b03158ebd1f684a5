import { checkAnthropic } from "../../src/emulator/bodies/check-anthropic.ts";
import { isObject, objectsOf, textOf, type JsonObject } from "../../src/emulator/json.ts";
import type { Model } from "../../src/emulator/models/model.ts";
import { MODELS } from "../../src/emulator/models/table.ts";
import { ServiceError } from "../../src/emulator/service-error.ts";
import { answer, error } from "../anthropic/engine.ts";
import { plain, type Script } from "../support/engine.ts";

// An upstream that speaks Anthropic's Messages and refuses what the API refuses, as far as it is known.

/** What the API has and Bedrock's copy of it has not, or has elsewhere. */
const OWN_MEMBERS = ["model", "stream", "service_tier", "cache_control", "mcp_servers", "container"];
const ID = /^[a-zA-Z0-9_-]+$/;
const IMAGES = ["image/jpeg", "image/png", "image/gif", "image/webp"];
const BLOCKS = ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"];
const MODEL: Model = modelOf("anthropic.claude-haiku-4-5-20251001-v1:0");

function modelOf(id: string): Model {
  const model = MODELS.get(id);
  if (model === undefined) throw new Error(`there is no model ${id}`);
  return model;
}

export const strictMessages: Script = (request, response) => {
  const fault = messagesFault(request.raw);
  if (fault !== undefined) return plain(response, 400, error("invalid_request_error", fault.slice(0, 1_000)));
  return answer()(request, response);
};

/** What the API would say of a body; undefined where it takes it. */
export function messagesFault(raw: Buffer): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
  } catch {
    return "The request body is not valid JSON";
  }
  if (!isObject(body)) return "The request body is no object";
  const rest = Object.fromEntries(Object.entries(body).filter(([name]) => !OWN_MEMBERS.includes(name)));
  try {
    checkAnthropic({ anthropic_version: "x", ...rest }, MODEL);
  } catch (fault) {
    if (fault instanceof ServiceError) return fault.message;
    throw fault;
  }
  return blocksFault(body) ?? cacheFault(raw) ?? thinkingFault(body);
}

function blocksFault(body: JsonObject): string | undefined {
  for (const message of objectsOf(body["messages"]))
    for (const block of objectsOf(message["content"])) {
      if (!BLOCKS.includes(textOf(block["type"]) ?? ""))
        return `Input tag '${(textOf(block["type"]) ?? "").slice(0, 100)}' is not known`;
      const id = block["id"] ?? block["tool_use_id"] ?? "x";
      if (typeof id !== "string" || !ID.test(id)) return "tool_use.id: String should match pattern";
      if (block["type"] === "tool_use" && !isObject(block["input"])) return "input: should be an object";
      const fault = block["type"] === "image" ? imageFault(block["source"]) : undefined;
      if (fault !== undefined) return fault;
    }
  return undefined;
}

function imageFault(source: unknown): string | undefined {
  if (!isObject(source)) return "image.source: Field required";
  if (source["type"] !== "base64") return undefined;
  const { data, media_type: type } = source;
  if (!IMAGES.includes(textOf(type) ?? "")) return "image.source.base64.media_type: Input should be an image";
  if (typeof data !== "string" || data === "") return "image cannot be empty";
  return /^[A-Za-z0-9+/]+={0,2}$/.test(data) ? undefined : "invalid base64 data";
}

function cacheFault(raw: Buffer): string | undefined {
  const points = raw.toString().split('"cache_control":').length - 1;
  return points > 4
    ? `A maximum of 4 blocks with cache_control may be provided. Found ${points}.`
    : undefined;
}

function thinkingFault({ thinking, max_tokens: most }: JsonObject): string | undefined {
  if (!isObject(thinking) || thinking["type"] !== "enabled") return undefined;
  const budget = Number(thinking["budget_tokens"]);
  if (budget < 1_024) return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
  return budget < Number(most) ? undefined : "`max_tokens` must be greater than `thinking.budget_tokens`";
}
