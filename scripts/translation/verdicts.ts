import { AppError } from "../../src/core/errors.ts";
import type { ChatRequest } from "../../src/core/chat.ts";
import type { Dialect, WireRequest } from "../../src/core/wire.ts";
import { anthropic } from "../../src/gateway/dialects/anthropic/index.ts";
import { bedrock } from "../../src/gateway/dialects/bedrock/index.ts";
import type { ClientDialect } from "../../src/gateway/dialects/dialect.ts";
import { openAi } from "../../src/gateway/dialects/openai/index.ts";
import { responsesDialect } from "../../src/gateway/dialects/responses/index.ts";
import { SAMPLES, type Sample } from "./samples.ts";
import type { UpstreamForm } from "./upstreams.ts";

/**
 * What becomes of a part of a request on its way to an upstream.
 * - `passed`: its bytes go on
 * - `translated`: the upstream is asked for the same in its own way
 * - `dropped`: with `unsupported: drop` it is left out and named, else the request is refused
 * - `refused`: always
 * - `none`: it has no effect there, and the request means the same without it
 */
export type Verdict = "passed" | "translated" | "dropped" | "refused" | "none";

export const DIALECT_OF: Readonly<Record<Dialect, ClientDialect>> = {
  openai: openAi,
  responses: responsesDialect(Buffer.alloc(32)),
  anthropic,
  bedrock,
};

/** Found by translating: what a table says cannot differ from what the program does. */
export function verdictOf(dialect: Dialect, sample: Sample, upstream: UpstreamForm): Verdict {
  const parsed = read(dialect, { ...SAMPLES[dialect].least, ...sample.request });
  if (parsed === undefined) return "refused";
  if (upstream.passes === dialect) return "passed";
  const { text, inexpressible } = upstream.write(parsed);
  const least = read(dialect, SAMPLES[dialect].least);
  if (least === undefined) throw new Error(`the least request of ${dialect} cannot be read`);
  if (inexpressible.some(({ droppable }) => !droppable)) return "refused";
  if (inexpressible.length > 0) return "dropped";
  return text === upstream.write(least).text ? "none" : "translated";
}

/** The request in no dialect; undefined where it is refused for every target. */
function read(dialect: Dialect, body: object): ChatRequest | undefined {
  const bytes = Buffer.from(JSON.stringify(body));
  const client = DIALECT_OF[dialect];
  try {
    const { request } = client.parse({
      operation: "chat",
      address: { model: "m" },
      bytes,
      headers: {},
      metadataWords: false,
    });
    return client.readChat(request satisfies WireRequest);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
