import assert from "node:assert/strict";
import test from "node:test";
import { post, SONNET, start } from "./support.ts";

/** Pieces of requests, for tests that send what no SDK would. */
export const LLAMA = "us.meta.llama4-scout-17b-instruct-v1:0";
export const HAIKU_3 = "anthropic.claude-3-haiku-20240307-v1:0";
export const SONNET_46 = "us.anthropic.claude-sonnet-4-6";
export const OPUS_47 = "us.anthropic.claude-opus-4-7";
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const PDF = Buffer.from("%PDF-1.4\n").toString("base64");

export const user = (...content: object[]) => ({ role: "user", content });
export const assistant = (...content: object[]) => ({ role: "assistant", content });
export const said = (text: string) => ({ messages: [user({ text })] });
export const hello = said("Hello");
export const use = (toolUseId: string, input: unknown = {}) => ({
  toolUse: { toolUseId, name: "get_weather", input },
});
export const result = (toolUseId: string, content: object[] = [{ text: "rain" }]) => ({
  toolResult: { toolUseId, content },
});
export const document = (name: string, more: object = {}) => ({
  document: { name, format: "pdf", source: { bytes: PDF }, ...more },
});
export const image = (format: string, bytes: string) => ({ image: { format, source: { bytes } } });
export const cachePoint = (ttl?: string) => ({
  cachePoint: { type: "default", ...(ttl !== undefined && { ttl }) },
});
export const tools = (...list: object[]) => ({ toolConfig: { tools: list } });
export const tool = (name: string, json: unknown = { type: "object" }) => ({
  toolSpec: { name, inputSchema: { json } },
});
export const schema = (text: string) => ({
  outputConfig: { textFormat: { type: "json_schema", structure: { jsonSchema: { schema: text } } } },
});
export const fields = (additionalModelRequestFields: unknown) => ({ additionalModelRequestFields });
export const constraint = (path: string, rule: string, value?: string): string =>
  `1 validation error detected: Value${value === undefined ? "" : ` '${value}'`} at '${path}' failed to satisfy constraint: Member must ${rule}`;
export const FROM_MODEL = "The model returned the following errors: ";

/** What is sent, the message it must get with status 400, and to which model. */
export type Refused = readonly [what: string, body: object, message: string | RegExp, model?: string];

/** Sends a request to Converse that must be refused in just these words. */
export function testRefused([what, body, message, model = SONNET]: Refused): void {
  test(`refused: ${what}`, async () => {
    await using emulator = await start({ open: true });
    const reply = await post(emulator, `/model/${encodeURIComponent(model)}/converse`, body);
    assert.equal(reply.status, 400, JSON.stringify(reply.json));
    assert.equal(reply.type, "ValidationException");
    if (typeof message === "string") assert.equal(reply.json.message, message);
    else assert.match(reply.json.message, message);
  });
}
