import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type * as z from "zod";
import { ENDPOINTS, type EndpointId } from "../../src/control/contract.ts";
import type { Endpoint } from "../../src/control/endpoint.ts";
import {
  answer,
  chunk,
  DONE,
  Engine,
  failing,
  FINISH,
  PLAIN,
  plain,
  sse,
  USAGE,
  type Script,
} from "../support/engine.ts";
import { startProcess, type TestProcess } from "../support/process.ts";

export type ExchangeInfo = z.infer<(typeof ENDPOINTS)["getExchange"]["answer"]>;
export type ExchangeList = z.infer<(typeof ENDPOINTS)["listExchanges"]["answer"]>;
export type Usage = z.infer<(typeof ENDPOINTS)["getUsage"]["answer"]>;
export type Journey = z.infer<(typeof ENDPOINTS)["getJourney"]["answer"]>;

export const HELLO = { messages: [{ role: "user", content: "Hello there" }] };
const JSON_TYPE = "application/json; charset=utf-8";

/** What the engine's models say of their usage. */
export const REPORTS: Readonly<Record<string, object | undefined>> = {
  "silent-up": undefined,
  "negative-up": { prompt_tokens: -5, completion_tokens: 3 },
  "absurd-up": { prompt_tokens: 1e12, completion_tokens: 1e12 },
  "cached-up": { prompt_tokens: 12, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 1e12 } },
  "thinking-up": { ...USAGE, completion_tokens_details: { reasoning_tokens: 1e12 } },
};

export const byModel: Script = (request, response) => {
  const { model, stream } = JSON.parse(request.raw.toString()) as { model: string; stream?: boolean };
  if (model === "endless-up") {
    sse(response);
    response.write(chunk("on and on "));
    return;
  }
  if (!(model in REPORTS)) return answer()(request, response);
  const usage = REPORTS[model];
  if (stream !== true) {
    const { usage: _, ...reply } = JSON.parse(PLAIN) as Record<string, unknown>;
    return plain(response, 200, JSON.stringify(usage === undefined ? reply : { ...reply, usage }));
  }
  sse(response);
  response.write(chunk("some words") + FINISH);
  if (usage !== undefined) response.write(`data: ${JSON.stringify({ id: "c1", choices: [], usage })}\n\n`);
  response.end(DONE);
};

export function configOf(engine: string, broken: string): string {
  const models = ["fine", "endless", ...Object.keys(REPORTS).map((name) => name.replace("-up", ""))];
  const targets = models.map(
    (name) =>
      `  ${name}: { provider: eng, model: ${name}-up, tier: dedicated, price: { input: 1, output: 2, cacheRead: 0.1 } }`,
  );
  return `providers:
  eng: { kind: openai-compatible, baseUrl: "${engine}" }
  bad: { kind: openai-compatible, baseUrl: "${broken}" }
targets:
  broken: { provider: bad, model: broken-up, tier: small, price: { input: 1, output: 2 } }
${targets.join("\n")}
tasks:
  support.answer: { targets: [broken, fine] }
  support.doomed: { targets: [broken] }
tenants:
  acme: { tasks: ["*"] }
  globex: { tasks: ["support.*"] }
`;
}

export interface Sent {
  readonly id: string;
  readonly status: number;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
}

export interface Ask {
  readonly body?: unknown;
  readonly token?: string;
}

export interface Chat {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Before the reply is whole. */
  readonly leave?: boolean;
}

/** The real program between scripted engines, and what it promises. */
export class ControlApi implements AsyncDisposable {
  readonly server: TestProcess;
  readonly document: ApiDocument;
  /** The configuration that is served. */
  readonly config: string;
  /** A key of tenant "acme" that may do everything. */
  readonly key: string;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #engines: readonly Engine[];

  private constructor(
    parts: Pick<ControlApi, "server" | "document" | "config" | "key">,
    engines: readonly Engine[],
  ) {
    this.server = parts.server;
    this.document = parts.document;
    this.config = parts.config;
    this.key = parts.key;
    this.#engines = engines;
    formats.default(this.#ajv);
    this.#ajv.addSchema(parts.document, "openapi");
  }

  static async start(): Promise<ControlApi> {
    const engines = [await Engine.start(byModel), await Engine.start(failing(500))];
    const config = configOf(engines[0]?.url ?? "", engines[1]?.url ?? "");
    const server = await startProcess({ config });
    const document = (await (await server.api("/api/openapi.json")).json()) as ApiDocument;
    return new ControlApi({ server, document, config, key: await server.key() }, engines);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    for (const engine of this.#engines) await engine[Symbol.asyncDispose]();
  }

  async asked<Answer>(id: EndpointId, route: string, how: { method?: string; body?: unknown } = {}) {
    const endpoint: Endpoint = ENDPOINTS[id];
    const response = await this.server.api(route, { method: endpoint.method, ...how });
    const text = await response.text();
    assert.equal(response.status, endpoint.status ?? 200, `${route}: ${text}`);
    assert.equal(response.headers.get("content-type"), JSON_TYPE);
    const value = JSON.parse(text) as Answer;
    const parsed = endpoint.answer.safeParse(value);
    assert.ok(parsed.success, `${route}: ${parsed.error?.message}\n${text.slice(0, 2_000)}`);
    assert.deepEqual(parsed.data, value, "the contract would leave something out");
    this.#valid(id, String(endpoint.status ?? 200), "application/json", value);
    return value;
  }

  #valid(id: EndpointId, status: string, type: string, value: unknown): void {
    const endpoint: Endpoint = ENDPOINTS[id];
    const path = endpoint.url.replace(/:(\w+)/g, "{$1}");
    const pointer = [
      "paths",
      path,
      endpoint.method.toLowerCase(),
      "responses",
      status,
      "content",
      type,
      "schema",
    ]
      .map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")))
      .join("/");
    const validate = this.#ajv.getSchema(`openapi#/${pointer}`) as ValidateFunction | undefined;
    assert.ok(validate !== undefined, `the document has no schema for ${id} ${status}`);
    assert.ok(validate(value), `${id}: ${JSON.stringify(validate.errors)}`);
  }

  async problem(id: EndpointId, route: string, status: number, how: Ask = {}): Promise<string> {
    const endpoint: Endpoint = ENDPOINTS[id];
    const response = await this.server.api(route, { method: endpoint.method, ...how });
    const text = await response.text();
    assert.equal(response.status, status, `${route}: ${text}`);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    const value = JSON.parse(text) as { status: number; detail: string };
    assert.equal(value.status, status);
    this.#valid(id, "4XX", "application/problem+json", value);
    return value.detail;
  }

  async listed(query = ""): Promise<ExchangeInfo[]> {
    return (await this.asked<ExchangeList>("listExchanges", `/api/exchanges?limit=1000${query}`)).rows;
  }

  /** Sends a chat request, and reads its reply to the end unless told to leave. */
  async chat(body: object | string, how: Chat = {}): Promise<Sent> {
    const leaving = new AbortController();
    const response = await fetch(`${this.server.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${how.key ?? this.key}`,
        "content-type": "application/json",
        ...how.headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal: leaving.signal,
    });
    const id = response.headers.get("x-switchyard-exchange") ?? "";
    if (how.leave === true) {
      await response.body?.getReader().read();
      leaving.abort();
    } else await response.text();
    return { id, status: response.status };
  }
}
