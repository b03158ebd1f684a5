import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { COLUMNS, decisionText, endedLine, lineFacts, lineParts, recordLine } from "./record-line.ts";
import type { AttemptSummary, ExchangeRecord } from "./record.ts";

const ID = "0195f7a0-0000-7000-8000-000000000001";
const START = 1_760_000_000_000;
/** PostgreSQL's integer, in which the ledger keeps durations. */
const INTEGER_MAX = 2 ** 31 - 1;

const USAGE = {
  inputTokens: 12,
  cachedInputTokens: 3,
  cacheWriteInputTokens: 0,
  outputTokens: 5,
  reasoningTokens: 1,
};

function attempt(parts: Partial<AttemptSummary> = {}): AttemptSummary {
  return {
    target: "t",
    startedAtMs: START + 7,
    status: "answered",
    cause: undefined,
    firstTokenMs: 30,
    usage: USAGE,
    costNano: 42n,
    estimated: false,
    ...parts,
  };
}

function record(parts: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    id: ID,
    startedAtMs: START,
    endedAtMs: START + 250,
    status: "answered",
    code: undefined,
    message: undefined,
    dialect: "openai",
    operation: "chat",
    stream: true,
    tenant: "acme",
    context: undefined,
    tags: {},
    keyId: undefined,
    target: "t",
    provider: "p",
    model: "m",
    attempts: [attempt()],
    firstTokenMs: 30,
    overheadMs: undefined,
    usage: USAGE,
    costNano: 42n,
    cacheSavedNano: -7n,
    estimated: false,
    flagged: undefined,
    ceilingNano: 1_000n,
    configHash: "ab",
    decision: undefined,
    ...parts,
  };
}

/** A line by its columns' names. */
function read(body: string): Record<string, unknown> {
  const values = JSON.parse(lineParts(body).record) as unknown[];
  assert.equal(values.length, COLUMNS.length);
  return Object.fromEntries(COLUMNS.map((column, index) => [column, values[index]]));
}

test("each value of a record stands in its column", () => {
  const values = read(
    recordLine(
      record({
        context: {
          tenant: "acme",
          user: "u",
          app: "a",
          feature: "f",
          workflow: "w",
          journey: "j",
          task: "k",
          latency: "batch",
          sensitivity: "public",
          budget: "1.5",
          prompt: "n@1",
        },
        code: "c",
        keyId: "key",
        flagged: "usage: -1",
      }),
      undefined,
    ),
  );
  assert.deepEqual(values, {
    id: ID,
    startedAtMs: START,
    durationMs: 250,
    status: "answered",
    code: "c",
    dialect: "openai",
    operation: "chat",
    stream: true,
    tenant: "acme",
    user: "u",
    app: "a",
    feature: "f",
    workflow: "w",
    journey: "j",
    task: "k",
    latency: "batch",
    sensitivity: "public",
    budget: "1.5",
    prompt: "n@1",
    key: "key",
    target: "t",
    provider: "p",
    model: "m",
    attempts: 1,
    attemptMs: 7,
    firstTokenMs: 30,
    ...USAGE,
    costNano: "42",
    estimated: false,
    estimatedNano: null,
    flagged: true,
    configHash: "ab",
    detail: { reported: "usage: -1" },
    cacheSavedNano: "-7",
  });
});

test("a plain answer has no detail", () => {
  assert.equal(read(recordLine(record(), undefined))["detail"], null);
});

test("the detail tells of every attempt where there were several, or where the only one did not answer", () => {
  const failed = attempt({
    status: "failed",
    cause: "timeout",
    firstTokenMs: undefined,
    usage: undefined,
    costNano: undefined,
  });
  const told = ["t", 7, "failed", "timeout", null, null, null, false];
  assert.deepEqual(read(recordLine(record({ attempts: [failed] }), undefined))["detail"], {
    attempts: [told],
  });
  const answered = attempt({ startedAtMs: START + 90, estimated: true });
  assert.deepEqual(read(recordLine(record({ attempts: [failed, answered] }), undefined))["detail"], {
    attempts: [told, ["t", 90, "answered", null, 30, [12, 3, 0, 5, 1], "42", true]],
  });
});

test("what an exchange leaves if it is killed says its ceiling", () => {
  const body = recordLine(record({ status: "killed", attempts: [] }), undefined);
  assert.deepEqual(read(body)["detail"], { ceiling: "1000" });
});

test("costs that no double holds are kept to the nano-dollar", () => {
  const costNano = 2n ** 63n - 1n;
  assert.equal(read(recordLine(record({ costNano }), undefined))["costNano"], "9223372036854775807");
});

test("long messages and tags are cut, and it is said how many tags are missing", () => {
  const tags = { a: "1", long: "x".repeat(600), b: "2" };
  const { detail } = read(recordLine(record({ message: "m".repeat(1_000), tags }), undefined)) as {
    detail: { message: string; tags: object; tagsCut: number };
  };
  assert.ok(detail.message.length <= 301);
  assert.equal(Object.keys(detail.tags).length + detail.tagsCut, 3);
  assert.equal("long" in detail.tags, false);
});

test("a tag that is too long takes no other tag with it", () => {
  const tags = { long: "x".repeat(600), a: "1" };
  const { detail } = read(recordLine(record({ tags }), undefined)) as { detail: unknown };
  assert.deepEqual(detail, { tags: { a: "1" }, tagsCut: 1 });
});

const wild = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "\0",
        "\ud800",
        "\udfff",
        "\ud83d\ude00",
        "\\",
        "u0000",
        "\\u0000",
        "\\ud800",
        '"',
        "\t",
        "\n",
      ),
    )
    .map((parts) => parts.join("")),
);

/** As PostgreSQL can hold it. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

test("no text makes a line that PostgreSQL or the journal cannot hold, and no other text is changed", () => {
  fc.assert(
    fc.property(wild, wild, wild, (user, model, asked) => {
      const body = recordLine(
        record({ tenant: user, model, tags: { [user]: model } }),
        decisionText({ id: ID, ...{ asked } }),
      );
      assert.equal(body.includes("\n"), false);
      assert.ok(body.isWellFormed());
      const { record: text, decision } = lineParts(body);
      const values = JSON.parse(text) as unknown[];
      assert.equal(values[COLUMNS.indexOf("tenant")], storable(user));
      assert.equal(values[COLUMNS.indexOf("model")], storable(model));
      assert.deepEqual(JSON.parse(decision ?? ""), { asked: storable(asked) });
    }),
    { numRuns: 1_000 },
  );
});

test("a line without a decision has none, and a decision comes back as it was written", () => {
  assert.equal(lineParts(recordLine(record(), undefined)).decision, undefined);
  assert.equal(lineParts(recordLine(record(), '{"as":"task"}')).decision, '{"as":"task"}');
});

test("a decision's text is without its id, so that like decisions are alike", () => {
  assert.equal(
    decisionText({ id: "1", ...{ asked: "answer" } }),
    decisionText({ id: "2", ...{ asked: "answer" } }),
  );
});

test("recovery knows a line's id and end", () => {
  assert.deepEqual(lineFacts(recordLine(record(), '{"a":1}')), { id: ID, endedAtMs: START + 250 });
});

test("a line that is ended later is the same but for its duration", () => {
  const body = recordLine(record({ status: "killed", endedAtMs: START }), '{"a":"b\\tc"}');
  const ended = endedLine(body, START + 1_234);
  assert.deepEqual(read(ended), { ...read(body), durationMs: 1_234 });
  assert.equal(lineParts(ended).decision, '{"a":"b\\tc"}');
  assert.equal(endedLine(ended, START + 1_234), ended);
});

test("an exchange that is ended before it began, by a clock that jumped back, has lasted no time", () => {
  assert.equal(read(endedLine(recordLine(record(), undefined), START - 5_000))["durationMs"], 0);
});

test("an exchange that began before the host knew the time has a duration that the ledger can hold", () => {
  const body = recordLine(record({ startedAtMs: 5_000, endedAtMs: 5_000, attempts: [] }), undefined);
  const duration = Number(read(endedLine(body, START))["durationMs"]);
  assert.ok(duration >= 0 && duration <= INTEGER_MAX, String(duration));
});
