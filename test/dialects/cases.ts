import assert from "node:assert/strict";
import { DIALECTS, type Dialect } from "./clients.ts";
import { passes, TARGETS, tell, type How, type Outcome, type Target, type World } from "./world.ts";

/** Served, or refused by the gateway itself in words such as these. */
export type Verdict = "served" | RegExp;

/** One bad input, and what becomes of it where it must be translated. */
export interface Case extends Partial<Record<Dialect, Verdict>> {
  /** Undefined where the dialect cannot say it. */
  readonly body: (dialect: Dialect) => object | string | undefined;
  /** Of every dialect that has none of its own. */
  readonly all?: Verdict;
  /** Of one target, as `openai>ant`. */
  readonly but?: Readonly<Record<string, Verdict | "theirs">>;
  /** All where absent. */
  readonly targets?: readonly Target[];
  /** Whether the verdict holds where bytes pass, too: it is about the envelope. */
  readonly everywhere?: boolean;
  readonly how?: How;
  /** More that holds of what a target got, where it was translated. */
  readonly got?: (body: Json, target: Target, dialect: Dialect) => void;
}

// oxlint-disable-next-line typescript/no-explicit-any -- bodies are looked at in all directions
export type Json = any;

const CODES: Readonly<Record<Dialect, RegExp>> = {
  openai: /^(invalid_request|unsupported_parameter)$/,
  responses: /^(invalid_request|unsupported_parameter)$/,
  anthropic: /^invalid_request_error$/,
  bedrock: /^ValidationException$/,
};

/** Asks every target in every dialect, plain and as a stream by turns. */
export async function judge(world: World, what: string, one: Case): Promise<void> {
  let turn = 0;
  for (const dialect of DIALECTS) {
    const body = one.body(dialect);
    if (body === undefined) continue;
    for (const target of one.targets ?? TARGETS) {
      const stream = one.how?.stream ?? turn++ % 2 === 1;
      const outcome = await tell(world, dialect, target, body, { ...one.how, stream });
      const name = `${what}, ${dialect} to ${target}`;
      if (passes(dialect, target) && one.everywhere !== true) assertPassed(outcome, name);
      else assertVerdict(outcome, dialect, target, one, name);
    }
  }
}

/** Between client and upstream: whatever the upstream said of it. */
function assertPassed({ status, sent, record }: Outcome, name: string): void {
  assert.ok(status < 500, name);
  if (status === 200) assert.equal(record.status, "answered", name);
  else assert.equal(record.status, sent === undefined ? "refused" : "failed", name);
}

function assertVerdict(outcome: Outcome, dialect: Dialect, target: Target, one: Case, name: string): void {
  const verdict = one.but?.[`${dialect}>${target}`] ?? one[dialect] ?? one.all;
  assert.ok(verdict !== undefined, `${name}: nobody says what is expected`);
  const { status, code, message, record, sent } = outcome;
  const said = `${name}: ${status} ${message}`;
  if (verdict === "served") {
    assert.equal(status, 200, said);
    assert.equal(record.status, "answered", said);
    if (!passes(dialect, target)) one.got?.(JSON.parse(sent ?? ""), target, dialect);
    return;
  }
  assert.equal(status, 400, said);
  if (verdict === "theirs") return assert.equal(record.status, "failed", said);
  assert.match(code ?? "", CODES[dialect], said);
  assert.match(message, verdict, said);
  assert.equal(sent, undefined, `${name}: something was sent`);
  assert.equal(record.status, "refused", said);
}
