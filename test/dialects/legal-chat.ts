import assert from "node:assert/strict";
import { scanObject } from "../../src/core/json-scan.ts";

interface Message {
  readonly role: string;
  readonly content: unknown;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
}

interface Body {
  readonly messages: readonly Message[];
  readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters?: unknown } }[];
  readonly max_tokens?: unknown;
  readonly temperature?: unknown;
  readonly stop?: unknown;
}

/** Chat completions that every engine takes, as OpenAI describes them. https://platform.openai.com/docs/api-reference/chat/create */
export function assertLegalChat(raw: Buffer, what: string): void {
  scanObject(raw);
  const body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw)) as Body;
  assert.ok(Array.isArray(body.messages) && body.messages.length > 0, `${what}: no messages`);
  let waiting = new Set<string>();
  for (const message of body.messages) {
    if (message.role === "tool") {
      const id = message.tool_call_id ?? "";
      assert.ok(waiting.delete(id), `${what}: a result of ${id.slice(0, 40)} that nobody waits for`);
      assert.equal(typeof message.content, "string", what);
      continue;
    }
    assert.equal(waiting.size, 0, `${what}: calls without a result before a message of ${message.role}`);
    assert.match(message.role, /^(system|user|assistant)$/, what);
    assertContent(message, what);
    waiting = new Set(callIds(message, what));
  }
  assert.equal(waiting.size, 0, `${what}: calls without a result at the end`);
  const names = body.tools?.map((tool) => tool.function.name) ?? [];
  // What else may stand in a name is each engine's own business.
  for (const name of names) assert.notEqual(name, "", `${what}: a tool without a name`);
  assert.equal(new Set(names).size, names.length, `${what}: two tools of one name`);
  if (body.max_tokens !== undefined)
    assert.ok(Number.isSafeInteger(body.max_tokens) && Number(body.max_tokens) >= 1, what);
  if (body.temperature !== undefined) assert.equal(typeof body.temperature, "number", what);
}

function callIds({ tool_calls: calls = [] }: Message, what: string): string[] {
  const ids = calls.map((call) => {
    assert.notEqual(call.id, "", what);
    assert.notEqual(call.function.name, "", what);
    const input: unknown = JSON.parse(call.function.arguments);
    assert.ok(typeof input === "object" && input !== null && !Array.isArray(input), what);
    return call.id;
  });
  assert.equal(new Set(ids).size, ids.length, `${what}: two calls of one id in one turn`);
  return ids;
}

function assertContent({ role, content, tool_calls: calls }: Message, what: string): void {
  if (content === null) return assert.ok(role === "assistant" && calls !== undefined, `${what}: no content`);
  if (typeof content === "string") return;
  assert.ok(Array.isArray(content) && content.length > 0, `${what}: content of ${role}`);
  for (const part of content as readonly { readonly type: string; readonly text?: unknown }[])
    if (part.type === "text") assert.equal(typeof part.text, "string", what);
    else assert.ok(role === "user", `${what}: ${part.type} of ${role}`);
}
