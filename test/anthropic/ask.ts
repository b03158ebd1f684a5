import { parseAnthropicRequest } from "../../src/gateway/dialects/anthropic/request.ts";
import type { Provider, UpstreamCall } from "../../src/providers/provider.ts";
import { Hearing } from "../conformance/hearing.ts";

export const MODEL = "claude-sonnet-4-5-20250929";

/** A client of Anthropic's own dialect asks an adapter, and hears it out. */
export async function ask(
  provider: Provider,
  body: object,
  more: Partial<UpstreamCall> & { readonly headers?: Record<string, string>; readonly counts?: boolean } = {},
): Promise<Hearing & { readonly left: readonly string[]; readonly sent: Record<string, string> }> {
  const { headers = {}, counts = false, ...rest } = more;
  const left: string[] = [];
  const passedOn: Record<string, string> = {};
  const hearing = Object.assign(new Hearing(), { left, sent: passedOn });
  hearing.dropped = (...args: readonly unknown[]) => void left.push(...(args[0] as string[]));
  hearing.head = (...args: readonly unknown[]) => void Object.assign(passedOn, args[0]);
  const bytes = Buffer.from(
    JSON.stringify({
      model: "m",
      max_tokens: 100,
      messages: [{ role: "user", content: "Say something." }],
      ...body,
    }),
  );
  const operation = counts ? "count-tokens" : "chat";
  const { request } = parseAnthropicRequest({
    operation,
    address: {},
    bytes,
    headers,
    metadataWords: false,
  });
  hearing.handle = provider.send(
    {
      request,
      model: MODEL,
      outputCap: undefined,
      connectTimeoutMs: 1_000,
      autoCache: false,
      withoutThoughts: false,
      labels: { exchange: "x1", tenant: "acme", tags: {} },
      ...rest,
    },
    hearing,
  );
  await hearing.over;
  return hearing;
}
