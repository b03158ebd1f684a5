import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import { Engine, type Script } from "../support/engine.ts";
import { startGateway, until, type TestGateway } from "../support/gateway.ts";

/** Dollars a million tokens of every kind: each kind has a price that no other has. */
const PRICE = "{ input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, cacheWrite1h: 6, reasoning: 20 }";

/** A gateway whose targets are two scripted upstreams of one kind. */
export interface Till extends AsyncDisposable {
  readonly first: Engine;
  readonly second: Engine;
  readonly gateway: TestGateway;
  /** Asks at a path of the gateway. */
  ask(path: string, body: object, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>;
  /** The record of the only exchange since the last. */
  record(): Promise<ExchangeRecord>;
}

/**
 * @param provider  members of both providers beside their addresses, as YAML
 * @param target    more of both targets, beginning with a comma
 */
export async function startTill(
  provider: string,
  script: Script,
  {
    second: other = script,
    model = "claude-sonnet-4-5",
    target = "",
    address = provider.includes("kind: anthropic") ? "" : "/v1",
  } = {},
): Promise<Till> {
  await using started = new AsyncDisposableStack();
  const first = started.use(await Engine.start(script));
  const second = started.use(await Engine.start(other));
  const base = (engine: Engine): string => engine.url.replace(/\/v1$/, address);
  const gateway = await startGateway(
    `providers:
  one: { baseUrl: "${base(first)}", ${provider} }
  two: { baseUrl: "${base(second)}", ${provider} }
targets:
  first: { provider: one, model: "${model}", tier: premium, price: ${PRICE}${target} }
  second: { provider: two, model: "${model}", tier: premium, price: ${PRICE}${target} }
tasks:
  both: { targets: [first, second] }
`,
    { env: { KEY: "a-key-of-this-test" } },
  );
  started.move();
  return {
    first,
    second,
    gateway,
    ask: (path, body, headers = {}, signal) =>
      fetch(`${gateway.url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${gateway.key}`, ...headers },
        body: JSON.stringify(body),
        ...(signal !== undefined && { signal }),
      }),
    async record() {
      const record = await until(() => gateway.records[0], "the record");
      gateway.records.length = 0;
      return record;
    },
    async [Symbol.asyncDispose]() {
      // The engines first: an exchange that hangs on one would hold the gateway up.
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** Nano-dollars of tokens at dollars a million. */
export function nano(...parts: readonly (readonly [tokens: number, usd: number])[]): bigint {
  return parts.reduce((sum, [tokens, usd]) => sum + BigInt(tokens) * BigInt(Math.round(usd * 1000)), 0n);
}

/** Reads a stream until a text has come, and leaves. */
export async function leaveAfter(reply: Response, text: string, leaving: AbortController): Promise<void> {
  let heard = "";
  const reader = reply.body?.getReader();
  const decoder = new TextDecoder();
  for (let isOver = reader === undefined; !isOver && !heard.includes(text);) {
    const piece = await reader?.read();
    isOver = piece?.done !== false;
    heard += decoder.decode(piece?.value, { stream: true });
  }
  leaving.abort();
}
