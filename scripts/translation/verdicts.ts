import { AppError } from "../../src/core/errors.ts";
import type { ChatRequest } from "../../src/core/chat.ts";
import type { Dialect, WireRequest } from "../../src/core/wire.ts";
import { anthropic } from "../../src/gateway/dialects/anthropic/index.ts";
import { bedrock } from "../../src/gateway/dialects/bedrock/index.ts";
import type { ClientDialect } from "../../src/gateway/dialects/dialect.ts";
import { openAi } from "../../src/gateway/dialects/openai/index.ts";
import { responsesDialect } from "../../src/gateway/dialects/responses/index.ts";
import { keepsTheAnswer } from "../../src/providers/droppable.ts";
import { SAMPLES } from "./samples/index.ts";
import type { Sample } from "./samples/sample.ts";
import type { UpstreamForm } from "./upstreams.ts";

/**
 * What becomes of a part of a request on its way to an upstream.
 * - `passed`: its bytes go on
 * - `translated`: the upstream is asked for the same in its own way
 * - `dropped`: with `unsupported: drop` it is left out and named, else the request is refused
 * - `told`: it is left out and named, whatever the policy, because only a cost changes
 * - `refused`: always
 * - `none`: it has no effect there, and the request means the same without it
 */
export type Verdict = "passed" | "translated" | "dropped" | "told" | "refused" | "none";

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
  const without = read(dialect, { ...SAMPLES[dialect].least, ...sample.without });
  if (without === undefined) throw new Error(`${sample.field} of ${dialect}: without it nothing can be read`);
  const { text, inexpressible: all } = upstream.write(parsed);
  const before = upstream.write(without);
  // What is left out without the field is not the field's.
  const known = new Set(before.inexpressible.map(({ name, why }) => `${name} ${why}`));
  const inexpressible = all.filter(({ name, why }) => !known.has(`${name} ${why}`));
  if (inexpressible.some(({ droppable }) => !droppable)) return "refused";
  if (inexpressible.length > 0)
    return inexpressible.every(({ name }) => keepsTheAnswer(name)) ? "told" : "dropped";
  // Where the request cannot be served without the field either, the field is not to blame but cannot be served.
  if (before.inexpressible.some(({ droppable }) => !droppable)) return "refused";
  if (text !== before.text) return "translated";
  if (before.inexpressible.length > 0)
    throw new Error(`${sample.field} of ${dialect}: without it the request loses something, too`);
  return "none";
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
