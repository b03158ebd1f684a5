import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { scanObject } from "../../core/json-scan.ts";
import type { WireRequest } from "../../core/wire.ts";
import type { UpstreamCall } from "../provider.ts";
import { asksForUsage, upstreamBody } from "./request.ts";
import { VENDORS, type Vendor } from "./vendors.ts";

interface Envelope {
  readonly model?: string;
  readonly stream?: boolean;
  readonly store?: boolean;
  readonly stream_options?: { readonly include_usage?: unknown } | null;
}

/** A request as a dialect would read it from a client's text. */
function requestOf(text: string, more: Partial<WireRequest> = {}): WireRequest {
  const bytes = Buffer.from(text);
  const { model, stream, store, stream_options: options } = JSON.parse(text) as Envelope;
  return {
    dialect: "openai",
    operation: "chat",
    bytes,
    members: scanObject(bytes),
    inside: bytes.indexOf("{") + 1,
    model,
    stream: stream === true,
    includeUsage: options?.include_usage === true,
    maxOutputTokens: undefined,
    choices: 1,
    store: store === true,
    wordEdits: new Map(),
    headers: {},
    ...more,
  };
}

interface Asked {
  readonly model?: string;
  readonly outputCap?: number | undefined;
  readonly vendor?: Vendor;
  readonly request?: Partial<WireRequest>;
}

function bodyOf(text: string, asked: Asked = {}): string {
  const call: UpstreamCall = {
    request: requestOf(text, asked.request),
    model: asked.model ?? "m",
    outputCap: asked.outputCap,
    connectTimeoutMs: 1_000,
    autoCache: false,
    withoutThoughts: false,
    labels: { exchange: "x1", tenant: "acme", tags: {} },
  };
  return upstreamBody(call, asked.vendor ?? VENDORS.generic).toString();
}

test("a body in which nothing is to be changed is the client's own buffer", () => {
  const request = requestOf('{"model":"m","messages":[]}');
  const call = {
    request,
    model: "m",
    outputCap: undefined,
    connectTimeoutMs: 1,
    autoCache: false,
    withoutThoughts: false,
    labels: { exchange: "x1", tenant: "acme", tags: {} },
  };
  assert.equal(upstreamBody(call, VENDORS.generic), request.bytes);
});

test("the model is replaced where it stands, and put first where there is none", () => {
  assert.equal(bodyOf('{ "n":1 , "model" : "alias" }', { model: "up/m" }), '{ "n":1 , "model" : "up/m" }');
  assert.equal(bodyOf('{"n":1}', { model: 'a"b' }), '{"model":"a\\"b","n":1}');
  assert.equal(bodyOf("{}", { model: "m" }), '{"model":"m"}');
});

test("the usage of a stream is asked for where the client did not", () => {
  assert.equal(
    bodyOf('{"model":"m","stream":true}'),
    '{"stream_options":{"include_usage":true},"model":"m","stream":true}',
  );
  assert.equal(bodyOf('{"model":"m","stream":false}'), '{"model":"m","stream":false}');
});

test("the usage is asked for inside the client's own stream_options, whose other members stay", () => {
  const inside = (options: string): string =>
    bodyOf(`{"model":"m","stream_options" : ${options},"stream":true}`).slice(
      '{"model":"m","stream_options" : '.length,
      -',"stream":true}'.length,
    );
  assert.equal(inside("{ }"), '{"include_usage":true }');
  assert.equal(inside('{ "x" : 1.0 }'), '{ "include_usage":true,"x" : 1.0 }');
  assert.equal(
    inside('{"x":{"y":[1]}, "include_usage" : false, "z":"\\u0041"}'),
    '{"x":{"y":[1]}, "include_usage" : true, "z":"\\u0041"}',
  );
  assert.equal(inside('{"include_usage":null}'), '{"include_usage":true}');
  assert.equal(inside('{"include\\u005fusage":false}'), '{"include\\u005fusage":true}');
  assert.equal(inside("null"), '{"include_usage":true}');
});

test("stream_options that the client filled itself are left alone", () => {
  const text = '{"model":"m","stream":true,"stream_options":{ "include_usage":true, "x":1 }}';
  assert.equal(bodyOf(text), text);
});

test("stream_options that are no object do not break the attempt: the engine says what is wrong with them", () => {
  for (const options of ["[]", "[1,2]", '"text"', "5", "true"]) {
    const text = `{"model":"m","stream":true,"stream_options":${options}}`;
    assert.equal(bodyOf(text), text);
  }
});

test("nothing is asked of a vendor that does not know stream_options, nor for embeddings", () => {
  const deaf: Vendor = { ...VENDORS.generic, streamUsage: false };
  const text = '{"model":"m","stream":true}';
  assert.equal(bodyOf(text, { vendor: deaf, outputCap: undefined }), text);
  assert.equal(bodyOf(text, { request: { operation: "embeddings", stream: false }, outputCap: 5 }), text);
  assert.equal(asksForUsage(requestOf(text), deaf), false);
  assert.equal(asksForUsage(requestOf(text), VENDORS.generic), true);
});

test("a cap replaces the client's own limit, and stands under a name that the engine is sure to know", () => {
  const newer = '{"model":"m","max_completion_tokens":900}';
  const older = '{"model":"m","max_tokens":900}';
  assert.equal(bodyOf(older, { outputCap: 7 }), '{"model":"m","max_tokens":7}');
  assert.equal(bodyOf(newer, { outputCap: 7 }), '{"max_tokens":7,"model":"m","max_completion_tokens":7}');
  // OpenAI knows both names and refuses the two together.
  const { openai } = VENDORS;
  assert.equal(bodyOf(older, { vendor: openai, outputCap: 7 }), '{"model":"m","max_tokens":7}');
  assert.equal(bodyOf(newer, { vendor: openai, outputCap: 7 }), '{"model":"m","max_completion_tokens":7}');
  assert.equal(
    bodyOf('{"max_tokens":1,"model":"m","max_completion_tokens":9}', { outputCap: 7 }),
    '{"max_tokens":7,"model":"m","max_completion_tokens":7}',
  );
});

test("a cap without a limit of the client's goes under the vendor's name", () => {
  assert.equal(bodyOf('{"model":"m"}', { outputCap: 7 }), '{"max_tokens":7,"model":"m"}');
  assert.equal(
    bodyOf('{"model":"m"}', { outputCap: 7, vendor: VENDORS.openai }),
    '{"max_completion_tokens":7,"model":"m"}',
  );
  assert.equal(bodyOf('{"model":"m","max_tokens":null}', { outputCap: 7 }), '{"model":"m","max_tokens":7}');
});

test("metadata goes to OpenAI only with store, to others always", () => {
  const text = '{"model":"m","metadata":{"team":"a"},"n":1}';
  assert.equal(bodyOf(text), text);
  assert.equal(bodyOf(text, { vendor: VENDORS.openai }), '{"model":"m","n":1}');
  const stored = '{"model":"m","metadata":{"team":"a"},"store":true}';
  assert.equal(bodyOf(stored, { vendor: VENDORS.openai }), stored);
});

test("what the words leave of the metadata goes on only where metadata may", () => {
  const text = '{"metadata":{"switchyard_user":"u","team":"a"},"model":"m"}';
  const wordEdits = new Map([["metadata", '{"team":"a"}']]);
  assert.equal(bodyOf(text, { request: { wordEdits } }), '{"metadata":{"team":"a"},"model":"m"}');
  assert.equal(bodyOf(text, { request: { wordEdits }, vendor: VENDORS.openai }), '{"model":"m"}');
  assert.equal(bodyOf(text, { request: { wordEdits: new Map([["metadata", undefined]]) } }), '{"model":"m"}');
});

const blank = fc.constantFrom("", " ", "\n  ");
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((one) => JSON.stringify(one)),
  fc.constantFrom("12345678901234567890", "1.0", '"\\u00e9"', '{ "x" : [ 1 ] }'),
);
const other = fc.tuple(fc.constantFrom("messages", "temperature", "tools", "user", "é", "x"), value);
const known = fc.oneof(
  fc.tuple(fc.constant("model"), fc.constantFrom('"m"', '"alias"')),
  fc.tuple(fc.constant("stream"), fc.constantFrom("true", "false")),
  fc.tuple(
    fc.constant("stream_options"),
    fc.constantFrom("null", "{}", '{"a":1}', '{"include_usage":false, "b":2}', '{ "include_usage" : true }'),
  ),
  fc.tuple(fc.constantFrom("max_tokens", "max_completion_tokens"), fc.constantFrom("10", "null")),
  fc.tuple(fc.constant("metadata"), fc.constantFrom("{}", '{"team":"a"}')),
  fc.tuple(fc.constant("store"), fc.constantFrom("true", "false")),
);
const body = fc.uniqueArray(fc.tuple(fc.oneof(known, other), blank, blank), {
  selector: ([[key]]) => key,
  maxLength: 10,
});
const EDITED = new Set(["model", "stream_options", "metadata", "max_tokens", "max_completion_tokens"]);

test("whatever is asked, only the envelope's own members change; all other bytes stay, in order", () => {
  const vendor = fc.constantFrom(...Object.values(VENDORS));
  fc.assert(
    fc.property(
      body,
      fc.constantFrom("m", "n"),
      fc.option(fc.nat(99), { nil: undefined }),
      vendor,
      (members, model, outputCap, to) => {
        const spell = members.map(
          ([[key, text], before, after]) =>
            `${before}${JSON.stringify(key)}${after}:${before}${text}${after}`,
        );
        const sent = bodyOf(`{${spell.join(",")}}`, { model, outputCap, vendor: to });
        const bytes = Buffer.from(sent);
        const found = scanObject(bytes);
        const text = (key: string): string | undefined => {
          const member = found.find((one) => one.key === key);
          return member === undefined ? undefined : bytes.toString("utf8", member.start, member.end);
        };
        const stays = members.filter(([[key]]) => !EDITED.has(key));
        for (const [[key, original], before, after] of stays)
          assert.ok(sent.includes(`${JSON.stringify(key)}${after}:${before}${original}`), key);
        assert.deepEqual(
          found.map(({ key }) => key).filter((key) => !EDITED.has(key)),
          stays.map(([[key]]) => key),
        );
        assert.equal(text("model"), JSON.stringify(model));
        const isStream = text("stream") === "true";
        const options = JSON.parse(text("stream_options") ?? "null") as {
          include_usage?: boolean;
          a?: number;
        } | null;
        if (isStream) assert.equal(options?.include_usage, true);
        const before = members.find(([[key]]) => key === "stream_options")?.[0][1];
        if (before === '{"a":1}') assert.equal(options?.a, 1);
        if (!isStream) assert.equal(text("stream_options"), before);
        const limits = [text("max_tokens"), text("max_completion_tokens")].filter((one) => one !== undefined);
        if (outputCap !== undefined) assert.deepEqual(new Set(limits), new Set([String(outputCap)]));
        const mayHaveMetadata = !to.metadataNeedsStore || text("store") === "true";
        assert.equal(
          text("metadata"),
          mayHaveMetadata ? members.find(([[key]]) => key === "metadata")?.[0][1] : undefined,
        );
      },
    ),
    { numRuns: 500 },
  );
});

test("a completion's cap never raises what an engine writes where the request does not say", () => {
  const cap = (text: string, vendor: Vendor): string =>
    bodyOf(text, { outputCap: 40, vendor, request: { operation: "completions" } });
  assert.equal(cap('{"model":"m","max_tokens":90}', VENDORS.openai), '{"model":"m","max_tokens":40}');
  assert.equal(cap('{"model":"m"}', VENDORS.openai), '{"max_tokens":16,"model":"m"}');
  assert.equal(cap('{"model":"m"}', VENDORS.generic), '{"max_tokens":40,"model":"m"}');
});

test("the usage of a streamed completion is asked for as that of a chat is", () => {
  assert.equal(
    bodyOf('{"model":"m","stream":true}', { request: { operation: "completions" } }),
    '{"stream_options":{"include_usage":true},"model":"m","stream":true}',
  );
});
