import { ERRORS, type ErrorCode } from "../../src/core/errors.ts";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import { until } from "../support/gateway.ts";
import type { Seen } from "./ask.ts";
import type { Facts, Feature, Result } from "./cell.ts";
import type { Client, Failed, Outcome } from "./client.ts";
import type { Column, Lab } from "./columns.ts";
import type { Heard, Usage } from "./upstreams/model.ts";

export type Happened = Outcome | { readonly broken: string };

/** A cell that was tried. */
export interface Tried {
  readonly lab: Lab;
  readonly client: Client;
  readonly column: Column;
  readonly feature: Feature;
  readonly tag: string;
  readonly keyId: string;
  readonly happened: Happened;
}

/** What is not as it must be. */
class Wrong extends Error {
  override readonly name = "Wrong";
}

function must(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Wrong(reason);
}

/** Whether it works, was refused clearly, cannot be asked for, or is wrong. */
export async function judge(tried: Tried): Promise<Result> {
  try {
    const { happened } = tried;
    if ("broken" in happened) throw new Wrong(happened.broken);
    if ("cannot" in happened) return { kind: "n/a", reason: happened.cannot };
    must(tried.lab.gateway.bugs.length === 0, `the gateway has a bug: ${String(tried.lab.gateway.bugs[0])}`);
    return "seen" in happened
      ? await judgeAnswer(tried, happened.seen)
      : await judgeFailure(tried, happened.failed);
  } catch (error) {
    const { message, stack } = error as Error;
    return {
      kind: "wrong",
      reason:
        error instanceof Wrong
          ? message
          : `${message}\n${(stack ?? "").split("\n").find((line) => line.includes("features")) ?? ""}`,
    };
  }
}

async function judgeAnswer(tried: Tried, seen: Seen): Promise<Result> {
  const { feature, lab, tag } = tried;
  must(feature.fails === undefined, `no error came, but: ${JSON.stringify(seen)}`);
  const records = await recordsOf(tried, seen.requests);
  const last = records.at(-1);
  must(last !== undefined, "nothing was recorded");
  const status = feature.status ?? "answered";
  must(last.status === status, `the record says ${last.status}, not ${status}: ${last.message ?? ""}`);
  if (feature.ask(tag, "").abort === true)
    await until(() => lab.closed(tag), "the end of the provider's work").catch(() => {
      throw new Wrong("the provider was not stopped");
    });
  const note = checked(tried, seen, last);
  return { kind: "works", ...(typeof note === "string" && { note }) };
}

function checked(tried: Tried, seen: Seen, record: ExchangeRecord): string | void {
  const { feature, client } = tried;
  try {
    return feature.check?.(seen, factsOf(tried, record));
  } catch (error) {
    const quirk = client.quirks?.[feature.name];
    if (quirk === undefined) throw error;
    return quirk;
  }
}

async function judgeFailure(tried: Tried, failed: Failed): Promise<Result> {
  const { feature, client, column } = tried;
  must(failed.message.trim() !== "", `a ${failed.name} without a message`);
  const records = await recordsOf(tried, failed.requests);
  const last = records.at(-1);
  const { fails } = feature;
  if (fails === undefined) return refused(tried, failed, last);
  // It never came to the provider that was to fail.
  if (last?.status === "refused" && feature.status === "failed") return refused(tried, failed, last);
  const expected = client.errors[fails.kind];
  const shown = `${failed.name} ${failed.status ?? "without a status"}: ${failed.message}`;
  must(expected.name.split("|").includes(failed.name), `${shown}; expected was ${expected.name}`);
  must(
    expected.status === undefined || failed.status === expected.status,
    `${shown}; expected was ${expected.status}`,
  );
  if (fails.kind === "rate-limit" && failed.retryAfter !== undefined)
    must(failed.retryAfter === (column.retryAfter ?? 1), `retry-after is ${failed.retryAfter}`);
  if (last !== undefined)
    must(last.status === feature.status, `the record says ${last.status}, not ${feature.status}`);
  return { kind: "works" };
}

/** An error where an answer was asked for: a refusal, if it is one. */
function refused({ client, column }: Tried, failed: Failed, record: ExchangeRecord | undefined): Result {
  const shown = `${failed.name} ${failed.status ?? ""} ${failed.code}: ${failed.message}`;
  must(record !== undefined, `an error without a record: ${shown}`);
  const { code = "", message = "" } = record;
  const kinds = (["bad-request", "permission", "too-large", "not-found"] as const).map(
    (kind) => client.errors[kind],
  );
  if (column.real === true) kinds.push(client.errors["server-error"]);
  const isOwn = kinds.some(({ name }) => name.split("|").includes(failed.name));
  must(isOwn, `no refusal, but: ${shown}`);
  must(
    failed.code === "" || failed.code === code,
    `the record's code is ${code}, the client's ${failed.code}`,
  );
  must(["refused", "failed"].includes(record.status), `the record says ${record.status}`);
  // What the upstream says in the client's own dialect is passed on as it is.
  const isPassed = /answered (\d{3}|\w+Exception)$/.test(message);
  const isTold = failed.message.includes(message.replace(/\.$/, ""));
  must(isTold || isPassed, `the client reads: ${shown}; the record says: ${message}`);
  return { kind: "refused", code, status: failed.status ?? 0, reason: reasonOf(failed.message, code) };
}

/** Engines tell all that they would have taken instead. */
const LONG = /^(.{240}).+$/;

/** Without what differs from run to run and from target to target, and without the advice that every such message ends with. */
function reasonOf(message: string, code: string): string {
  const fix = code in ERRORS ? ERRORS[code as ErrorCode].fix : "";
  return message
    .replace(/ \(exchange [0-9a-f-]+\)/g, "")
    .replace(fix, "")
    .replace(/the target "[^"]+" (cannot serve this request: it )?/, "")
    .replace(/^no target may serve this request \([\w.-]+: (.*)\)\. ?$/, "$1")
    .replace(
      /; with unsupported: drop in the target's configuration.*$/,
      "; `unsupported: drop` leaves it out",
    )
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "http://…")
    .replace(/@t\d+ /g, "")
    .replace(/^\d{3} /, "")
    .replace(/(call_\d)_[0-9a-f]+/g, "$1")
    .replace(/\s+/g, " ")
    .trim()
    .replace(LONG, "$1…");
}

/** All of the cell's records, one for each request that the client sent. */
async function recordsOf(
  { lab, keyId, client, feature }: Tried,
  requests: number,
): Promise<ExchangeRecord[]> {
  // What comes without a good key is in no key's records.
  if (feature.key === "unknown") return [];
  const found = (): ExchangeRecord[] => lab.gateway.records.filter((record) => record.keyId === keyId);
  await until(() => found().length >= requests, `${requests} records`).catch(() => {
    throw new Wrong(`${found().length} records of ${requests} requests`);
  });
  const records = found();
  must(records.length === requests, `${records.length} records of ${requests} requests`);
  for (const { dialect } of records) must(dialect === client.dialect, `a record says ${dialect}`);
  return records;
}

function factsOf({ lab, tag, column, client }: Tried, record: ExchangeRecord): Facts {
  const heard = lab.log.of(tag);
  const last = heard.at(-1);
  const { usage } = record;
  return {
    reported: column.name.startsWith("bedrock") || record.estimated ? undefined : reportedBy(column, last),
    recorded: usage && {
      input: usage.inputTokens,
      cached: usage.cachedInputTokens,
      output: usage.outputTokens,
      reasoning: usage.reasoningTokens,
    },
    thought:
      column.showsThoughts === true &&
      client.hidesThoughts !== true &&
      heard.some(({ answer }) => answer.thought !== undefined),
    freeWords: column.freeWords === true,
    asked: last?.asked,
    estimated: record.estimated,
    dialect: client.dialect,
  };
}

function reportedBy({ plainUsage }: Column, heard: Heard | undefined): Usage | undefined {
  if (heard === undefined || plainUsage !== true) return heard?.answer.usage;
  return { ...heard.answer.usage, cached: 0, reasoning: 0 };
}
