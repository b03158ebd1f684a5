import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { after } from "node:test";
import { usageTotal, type ExchangeInfo, type UsageRow, type UsageTotal } from "../../src/control/contract.ts";
import { formatUsd } from "../../src/core/money.ts";
import {
  chunk,
  DONE,
  FINISH,
  PLAIN,
  plain,
  sse,
  USAGE,
  USAGE_FRAME,
  type Script,
} from "../support/engine.ts";
import { startPostgres, withClient } from "../support/postgres.ts";
import { freshData, type TestProcess } from "../support/process.ts";

/** How often a server is killed, for each database. */
export const KILLS = Number(process.env["KILLS"] ?? 10);
/** Seconds without a database. */
export const PG_AWAY_S = Number(process.env["PG_AWAY_S"] ?? 4);
export const NO_POSTGRES = "no PostgreSQL 15 here, and none could be installed";

const INPUT_TOKENS = 12;
/** Nano-dollars a token. */
const PRICES = { one: { input: 1_000, output: 2_000 }, two: { input: 3_000, output: 5_000 } };
export type LoadTarget = keyof typeof PRICES;

/** Two targets on an engine, two tenants. @param storage  the settings of `storage`, in YAML's flow style */
export function configOn(engineUrl: string, storage = "{}"): string {
  return `storage: ${storage}
providers:
  eng: { kind: openai-compatible, baseUrl: "${engineUrl}" }
targets:
  one: { provider: eng, model: one-up, tier: dedicated, price: { input: 1, output: 2 } }
  two: { provider: eng, model: two-up, tier: dedicated, price: { input: 3, output: 5 } }
tenants:
  acme: { tasks: ["*"] }
  globex: { tasks: ["*"] }
`;
}

/** What the engine charges for, and what an exchange may cost at most. */
export function costs(
  target: LoadTarget,
  body: string,
  maxTokens: number,
): { readonly exactNano: bigint; readonly ceilingNano: bigint } {
  const { input, output } = PRICES[target];
  const out = BigInt(maxTokens * output);
  return {
    exactNano: BigInt(INPUT_TOKENS * input) + out,
    ceilingNano: BigInt(Buffer.byteLength(body) * input) + out,
  };
}

export interface LoadScript {
  readonly script: Script;
  /** The journeys of all requests that came to the engine. */
  readonly asked: Set<string>;
  /** While it is set, streams stop after their first event until it is resolved. */
  hold: Promise<void> | undefined;
}

/**
 * Answers with as many output tokens as may be at most, so that the client knows the cost; the prompt is the exchange's
 * journey, so that it is known which exchanges reached the engine.
 */
export function loadScript(): LoadScript {
  let serial = 0;
  const load: LoadScript = {
    asked: new Set(),
    hold: undefined,
    async script(request, response) {
      const body = JSON.parse(request.raw.toString()) as {
        stream?: boolean;
        max_tokens: number;
        messages: [{ content: string }];
      };
      load.asked.add(body.messages[0].content);
      const usage = JSON.stringify({
        prompt_tokens: INPUT_TOKENS,
        completion_tokens: body.max_tokens,
        total_tokens: INPUT_TOKENS + body.max_tokens,
      });
      const withUsage = (text: string): string => text.replace(JSON.stringify(USAGE), usage);
      if (body.stream !== true) return plain(response, 200, withUsage(PLAIN));
      const pauseMs = ++serial % 8 === 0 ? 60 : 4;
      sse(response);
      for (const word of ["one ", "two ", "three "]) {
        response.write(chunk(word));
        await load.hold;
        await pause(pauseMs);
      }
      response.end(FINISH + withUsage(USAGE_FRAME) + DONE);
    },
  };
  return load;
}

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A data folder that outlives its servers, and is gone when all tests of the file are over. */
export async function ownData(initialised: boolean): Promise<string> {
  const data = await freshData(initialised);
  folders.push(data);
  return data;
}

/** A PostgreSQL of its own that can go away and come back with its data. */
export interface OwnPostgres extends AsyncDisposable {
  /** Of an empty database. */
  readonly url: string;
  /** Another empty one. @returns its URL */
  readonly createDatabase: () => Promise<string>;
  /** At once, as after a crash. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** All its processes stand still; connections stay. */
  readonly freeze: () => void;
  readonly wake: () => void;
}

/** @returns undefined where this machine has none and none can be installed */
export async function ownPostgres(): Promise<OwnPostgres | undefined> {
  const postgres = await startPostgres();
  if (postgres === undefined) return undefined;
  const url = await postgres.createDatabase();
  const folder = new URL(url).searchParams.get("host") ?? "";
  const data = path.join(folder, "data");
  let pid = Number((await readFile(path.join(data, "postmaster.pid"), "utf8")).split("\n")[0]);
  const [command = "", ...args] = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").slice(0, -1);
  const { uid, gid } = await stat(data);
  const kill = (): void => void signal(pid, "SIGQUIT");
  process.once("exit", kill);
  const all = (name: NodeJS.Signals): void => {
    if (!signal(pid, name)) return;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    for (const child of children) signal(Number(child), name);
  };
  const stop = async (): Promise<void> => {
    signal(pid, "SIGQUIT");
    await until(() => !signal(pid, 0), "the end of PostgreSQL");
  };
  return {
    url,
    createDatabase: () => postgres.createDatabase(),
    stop,
    start: async () => {
      if (signal(pid, 0)) return;
      const owner = process.getuid?.() === 0 ? { uid, gid } : {};
      pid = spawn(command, args, { ...owner, cwd: folder, stdio: "ignore" }).pid ?? 0;
      const isUp = (): Promise<boolean> =>
        withClient(url, async (client) => (await client.query("select 1")).rowCount === 1);
      await until(() => isUp().catch(() => false), "PostgreSQL");
    },
    // The parent first, so that no child is born while they are stopped.
    freeze: () => all("SIGSTOP"),
    wake: () => all("SIGCONT"),
    async [Symbol.asyncDispose]() {
      process.off("exit", kill);
      all("SIGCONT");
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @returns whether it was there */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    // 0 would be all of us.
    return pid > 0 && process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Waits until something is so; fails after half a minute, or as long as is said. */
export async function until(
  look: () => boolean | Promise<boolean>,
  what: string,
  seconds = 30,
): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${seconds} seconds`);
    await pause(10);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function between(least: number, most: number): number {
  return least + Math.floor(Math.random() * (most - least + 1));
}

type Wish = "plain" | "stream" | "leave" | "unknown";

/** An exchange as its client knows it. */
export interface Asked {
  readonly journey: string;
  readonly wish: Wish;
  readonly exactNano: bigint;
  readonly ceilingNano: bigint;
  /** Once the reply's head was seen. */
  id: string | undefined;
  /** How the client saw it end; undefined where it saw no end. */
  end: "answered" | "refused" | "failed" | "journal_full" | undefined;
}

/** Clients that ask without pause and write down what they saw. */
export class Clients {
  /** By journey: each request has its own. */
  readonly asked = new Map<string, Asked>();
  /** What no client should see while its server lives. */
  readonly faults: string[] = [];
  /** Requests whose connection broke. */
  broken = 0;
  ended = 0;
  readonly #keys: readonly string[];
  readonly #agent = new http.Agent({ keepAlive: true });
  #url: string | undefined;
  #running: Promise<void>[] = [];
  #stopped = false;

  /** @param keys  their API keys, in turn */
  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  /** @param url  where to ask from now on; undefined is nowhere */
  point(url: string | undefined): void {
    this.#url = url;
  }

  /** @param count  how many ask at once */
  start(count = 16): void {
    this.#stopped = false;
    for (let one = 0; one < count; one++) this.#running.push(this.#loop(one));
  }

  /** Lets those under way end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
    this.#running = [];
  }

  async #loop(client: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const wish = WISHES[(client + turn) % WISHES.length] ?? "plain";
      if (this.#url === undefined) await pause(5);
      else await this.ask(wish, this.#keys[client % this.#keys.length] ?? "", this.#url);
    }
  }

  /** @returns when it is over, however it ends */
  async ask(wish: Wish, key: string, url = this.#url ?? ""): Promise<Asked> {
    const journey = `j-${randomUUID()}`;
    const target: LoadTarget = Math.random() < 0.5 ? "one" : "two";
    const maxTokens = between(1, 50);
    const body = JSON.stringify({
      model: wish === "unknown" ? "nothing" : target,
      max_tokens: maxTokens,
      ...((wish === "stream" || wish === "leave") && { stream: true }),
      messages: [{ role: "user", content: journey }],
    });
    const asked: Asked = { journey, wish, ...costs(target, body, maxTokens), id: undefined, end: undefined };
    this.asked.set(journey, asked);
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-switchyard-journey": journey,
      "x-switchyard-user": `u-${between(1, 20)}`,
      "x-switchyard-feature": `f-${between(1, 3)}`,
    };
    await new Promise<void>((resolve) => {
      const request = http.request(`${url}/v1/chat/completions`, {
        method: "POST",
        headers,
        agent: this.#agent,
      });
      request.on("error", () => {
        if (asked.end === undefined && wish !== "leave") this.broken++;
        resolve();
      });
      request.on("response", (response) => void this.#read(asked, response).then(resolve, resolve));
      request.end(body);
    });
    // Where nobody listens, others want to work.
    if (asked.id === undefined) await pause(2);
    return asked;
  }

  async #read(asked: Asked, response: http.IncomingMessage): Promise<void> {
    const id = response.headers["x-switchyard-exchange"];
    if (typeof id === "string") asked.id = id;
    else
      this.faults.push(`${asked.journey}: no x-switchyard-exchange in a reply with ${response.statusCode}`);
    let text = "";
    response.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      // The end may come in the first piece.
      if (text.endsWith(DONE)) this.#end(asked, "answered");
      else if (asked.wish === "leave" && response.statusCode === 200) response.destroy();
    });
    response.on("error", () => {});
    await new Promise((resolve) => response.once("close", resolve));
    if (asked.end !== undefined) return;
    if (!response.complete) return void (this.broken += Number(asked.wish !== "leave"));
    if (response.statusCode !== 200) return this.#refused(asked, response, text);
    if (response.headers["content-type"]?.startsWith("application/json") === true) {
      const cost = response.headers["x-switchyard-cost-usd"];
      if (cost !== formatUsd(asked.exactNano)) this.faults.push(`${asked.id}: costs ${String(cost)}`);
      return this.#end(asked, "answered");
    }
    this.faults.push(`${asked.id}: a stream without a proper end: ${text.slice(-300)}`);
    this.#end(asked, "failed");
  }

  #refused(asked: Asked, response: http.IncomingMessage, text: string): void {
    const code = (JSON.parse(text) as { error: { code: string } }).error.code;
    if (code === "model_not_found" && asked.wish === "unknown") return this.#end(asked, "refused");
    if (code === "journal_full" && response.statusCode === 503) {
      const { headers } = response;
      if (headers["retry-after"] !== "5" || headers["x-should-retry"] !== undefined)
        this.faults.push(`${asked.id}: journal_full with ${JSON.stringify(headers)}`);
      return this.#end(asked, "journal_full");
    }
    this.faults.push(`${asked.id}: ${response.statusCode} ${text}`);
    this.#end(asked, "failed");
  }

  #end(asked: Asked, end: NonNullable<Asked["end"]>): void {
    asked.end = end;
    this.ended++;
  }
}

/** What clients ask, in turn. */
const WISHES: readonly Wish[] = ["plain", "stream", "plain", "leave", "plain", "unknown", "stream", "plain"];

/** Everything in the ledger, page by page, and no exchange in it twice. */
export async function allExchanges(server: TestProcess): Promise<ExchangeInfo[]> {
  const rows: ExchangeInfo[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const answer = await server.api(`/api/exchanges?limit=1000${cursor === "" ? "" : `&cursor=${cursor}`}`);
    assert.equal(answer.status, 200);
    const page = (await answer.json()) as { rows: ExchangeInfo[]; next: string | null };
    rows.push(...page.rows);
    cursor = page.next;
  }
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length, "an exchange is there twice");
  return rows;
}

/** Waits until nothing is under way and the database has everything that the journal holds. */
export async function untilBooked(server: TestProcess): Promise<void> {
  const isZero = async (name: string): Promise<boolean> => (await metric(server, name)) === 0;
  await until(() => isZero("switchyard_exchanges_in_flight"), "the end of what is under way");
  await until(() => isZero("switchyard_journal_lag_seconds"), "the last booking");
}

/** @param name  of a metric without labels, or with them */
export async function metric(server: TestProcess, name: string): Promise<number> {
  const text = await (await server.api("/metrics")).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  assert.ok(line !== undefined, `there is no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

/**
 * What clients saw, what the engine was asked and what the ledger says are one story.
 *
 * @param mayMiss  whether an exchange may have no record: those that the journal was too full for
 * @returns the ids of those that have none
 */
export function assertOneStory(
  rows: readonly ExchangeInfo[],
  clients: Clients,
  load: LoadScript,
  mayMiss: (asked: Asked) => boolean = () => false,
): string[] {
  const byJourney = new Map(rows.map((row) => [row.journey, row]));
  assert.equal(byJourney.size, rows.length, "a request is there twice");
  const faults = [...clients.faults];
  const missing: string[] = [];
  for (const asked of clients.asked.values()) {
    const row = byJourney.get(asked.journey);
    if (row !== undefined) faults.push(...contradictions(asked, row));
    else if (mayMiss(asked)) missing.push(asked.journey);
    else if (asked.id !== undefined)
      faults.push(`missing, seen as ${asked.end}: ${JSON.stringify(told(asked))}`);
    else if (load.asked.has(asked.journey)) faults.push(`missing, came to the engine: ${asked.journey}`);
  }
  for (const { journey, id } of rows)
    if (journey === null || !clients.asked.has(journey)) faults.push(`nobody asked for ${id}`);
  assert.deepEqual(faults.slice(0, 10), [], `${faults.length} faults`);
  return missing;
}

function contradictions(asked: Asked, row: ExchangeInfo): string[] {
  const { exactNano, ceilingNano, id, end } = asked;
  const faults: string[] = [];
  const fault = (what: string): void =>
    void faults.push(`${what}: ${JSON.stringify(told(asked))} ${told(row)}`);
  if (id !== undefined && id !== row.id) fault("another id");
  if (end === "answered" && row.status !== "answered") fault("answered for its client only");
  if ((end === "refused" || end === "journal_full") && row.status !== "refused")
    fault("refused for its client only");
  const cost = BigInt(row.costNano);
  if (row.status === "answered" && (cost !== exactNano || row.estimated))
    fault(`answered, not at ${exactNano}`);
  if (row.status === "killed" && (cost !== ceilingNano || !row.estimated))
    fault(`killed, not at ${ceilingNano}`);
  if (row.status === "refused" && cost !== 0n) fault("refused, and charged");
  if (row.status === "abandoned" && (asked.wish !== "leave" || cost < 0n)) fault("nobody left it");
  if (row.status === "failed") fault("failed");
  if (row.endedAt < row.startedAt) fault("ended before it began");
  return faults;
}

function told(what: Asked | ExchangeInfo): string {
  return JSON.stringify(what, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

/** Groupings that are answered from hours' sums, from exchanges, and from both. */
const GROUPINGS = ["tenant", "target,status", "feature,hour", "user", "status,user,feature"] as const;
/** Of a row of usage; the cost in USD is the cost in nano-dollars. */
const FIGURES = Object.keys(usageTotal.shape).filter((name) => name !== "costUsd");

/** What usage says is what the exchanges add up to, by every grouping, in whole hours and in broken ones. */
export async function assertUsageIsTheSum(server: TestProcess, rows: readonly ExchangeInfo[]): Promise<void> {
  const hour = 3_600_000;
  const since = new Date(Math.floor(Date.now() / hour) * hour - 24 * hour).toISOString();
  const wholeHour = new Date(Math.ceil(Date.now() / hour) * hour + hour).toISOString();
  for (const by of GROUPINGS) {
    const words = by.split(",");
    const expected = sumsBy(rows, words);
    for (const until_ of [`&until=${wholeHour}`, ""]) {
      const answer = await server.api(`/api/usage?by=${by}&since=${since}&limit=100000${until_}`);
      assert.equal(answer.status, 200);
      const usage = (await answer.json()) as UsageAnswer;
      const found = Object.fromEntries(usage.rows.map((row) => [keyOf(words, row), figuresOf(row)]));
      assert.deepEqual(found, expected, `by ${by}${until_}`);
      assert.deepEqual(figuresOf(usage.total), sumsBy(rows, [])[""], `the total by ${by}${until_}`);
    }
  }
}

export interface UsageAnswer {
  readonly rows: readonly UsageRow[];
  readonly total: UsageTotal;
  readonly rest: (UsageTotal & { readonly groups: number }) | null;
}

function sumsBy(
  rows: readonly ExchangeInfo[],
  words: readonly string[],
): Record<string, Record<string, string>> {
  const sums: Record<string, Record<string, bigint>> = {};
  for (const row of rows) {
    const hour = `${row.startedAt.slice(0, 13)}:00:00.000Z`;
    const sum = (sums[keyOf(words, { ...row, hour })] ??= Object.fromEntries(
      FIGURES.map((name) => [name, 0n]),
    ));
    const { status, usage, costNano, estimated, flagged } = row;
    const counts = {
      exchanges: 1,
      [status]: 1,
      ...usage,
      estimated: Number(estimated),
      flagged: Number(flagged),
    };
    const amounts = { ...counts, costNano, estimatedCostNano: estimated ? costNano : 0 };
    for (const [name, amount] of Object.entries(amounts)) sum[name] = (sum[name] ?? 0n) + BigInt(amount ?? 0);
  }
  return Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, figuresOf(sum)]));
}

function figuresOf(row: object): Record<string, string> {
  return Object.fromEntries(FIGURES.map((name) => [name, String((row as Record<string, unknown>)[name])]));
}

function keyOf(words: readonly string[], row: object): string {
  return words.map((word) => String((row as Record<string, unknown>)[word])).join(" | ");
}
