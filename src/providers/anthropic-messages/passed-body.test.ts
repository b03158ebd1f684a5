import assert from "node:assert/strict";
import test from "node:test";
import { scanTrusted } from "../../core/json-scan.ts";
import type { MemberEdits } from "../../core/splice.ts";
import type { UpstreamCall } from "../provider.ts";
import { PassedBody } from "./passed-body.ts";

interface Asked extends Partial<UpstreamCall> {
  readonly operation?: "chat" | "count-tokens";
  readonly wordEdits?: MemberEdits;
}

function passed(
  json: string,
  { operation = "chat", wordEdits = new Map(), ...more }: Asked = {},
): PassedBody {
  const bytes = Buffer.from(json);
  return new PassedBody({
    request: {
      dialect: "anthropic",
      operation,
      bytes,
      members: scanTrusted(bytes),
      inside: bytes.indexOf("{") + 1,
      model: "m",
      stream: false,
      includeUsage: true,
      maxOutputTokens: undefined,
      choices: 1,
      store: false,
      wordEdits,
      headers: {},
    },
    model: "m",
    outputCap: undefined,
    connectTimeoutMs: 1,
    autoCache: false,
    withoutThoughts: false,
    labels: { exchange: "x", tenant: "t", tags: {} },
    ...more,
  });
}

const said = (body: PassedBody): unknown => JSON.parse(body.bytes().toString());
const MESSAGES = '"messages":[{"role":"user","content":"hi"}]';

test("where nothing is to be changed, the bytes are the client's own", () => {
  const json = `{ "max_tokens": 1.0e2 ,${MESSAGES},"metadata":{"user_id":"u"}}`;
  assert.equal(passed(json).bytes().toString(), json);
});

test("metadata is who the user is, and nothing else", () => {
  const with_ = (metadata: string): unknown =>
    (said(passed(`{${MESSAGES},"metadata":${metadata}}`)) as Record<string, unknown>)["metadata"];
  assert.deepEqual(with_('{"team":"a","user_id":"u","x":1}'), { user_id: "u" });
  assert.equal(with_('{"team":"a"}'), undefined);
  assert.deepEqual(with_("{}"), {});
  assert.equal(with_("null"), null);
  const counted = passed(`{${MESSAGES},"metadata":{"user_id":"u"}}`, { operation: "count-tokens" });
  assert.deepEqual(said(counted), { messages: [{ role: "user", content: "hi" }] });
});

test("words that were taken out are not put back", () => {
  const json = `{${MESSAGES},"metadata":{"switchyard_team":"a","user_id":"u","k":"v"}}`;
  const wordEdits = new Map([["metadata", '{"user_id":"u","k":"v"}']]);
  assert.deepEqual(said(passed(json, { wordEdits })), {
    messages: [{ role: "user", content: "hi" }],
    metadata: { user_id: "u" },
  });
  assert.deepEqual(said(passed(json, { wordEdits: new Map([["metadata", undefined]]) })), {
    messages: [{ role: "user", content: "hi" }],
  });
});

test("a cap leaves the thoughts room, or takes them out and says so", () => {
  const json = `{"max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":8000},${MESSAGES}}`;
  const less = passed(json, { outputCap: 4_000 });
  assert.deepEqual(said(less), {
    max_tokens: 4_000,
    thinking: { type: "enabled", budget_tokens: 3_200 },
    messages: [{ role: "user", content: "hi" }],
  });
  assert.deepEqual(less.dropped, ["thinking"]);
  const none = passed(json, { outputCap: 1_000 });
  assert.deepEqual(said(none), { max_tokens: 1_000, messages: [{ role: "user", content: "hi" }] });
});

test("another model's thoughts are taken out, and with them the wish to think", () => {
  const body = passed(
    '{"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"b"}]},{"role":"user","content":"c"}]}',
    { withoutThoughts: true },
  );
  assert.deepEqual(body.dropped, ["reasoning"]);
  assert.deepEqual(said(body), {
    messages: [
      { role: "user", content: "a" },
      { role: "assistant", content: [{ type: "text", text: "b" }] },
      { role: "user", content: "c" },
    ],
  });
});

test("the cache is marked at the top, or at the ends, and only where the client marked nothing", () => {
  const json = `{"system":"be kind","tools":[{"name":"look","input_schema":{"type":"object","n":1.0}}],${MESSAGES}}`;
  const top = passed(json);
  top.markAtTop();
  assert.deepEqual((said(top) as Record<string, unknown>)["cache_control"], { type: "ephemeral" });
  const ends = passed(json);
  ends.markEnds();
  const mark = { cache_control: { type: "ephemeral" } };
  assert.deepEqual(said(ends), {
    system: [{ type: "text", text: "be kind", ...mark }],
    tools: [{ name: "look", input_schema: { type: "object", n: 1 }, ...mark }],
    messages: [{ role: "user", content: [{ type: "text", text: "hi", ...mark }] }],
  });
  assert.ok(ends.bytes().includes('"n":1.0'));
  const own = passed(
    `{"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}],${MESSAGES}}`,
  );
  own.markEnds();
  own.markAtTop();
  assert.equal(own.edits.size, 0);
});

test("a thought bears no mark: the block before it does", () => {
  const body = passed(
    '{"messages":[{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":" "},{"type":"thinking","thinking":"b","signature":"s"}]}]}',
  );
  body.markEnds();
  const { messages } = said(body) as { messages: { content: object[] }[] };
  assert.deepEqual(
    messages[0]?.content.map((block) => "cache_control" in block),
    [true, false, false],
  );
});
