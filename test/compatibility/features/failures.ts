import type { FailureKind, Feature } from "../cell.ts";
import type { Failure } from "../upstreams/model.ts";
import { command } from "./words.ts";

/** What a provider's failure is for the client. */
const BY_PROVIDER: readonly (readonly [Failure, FailureKind, title: string])[] = [
  ["bad-request", "bad-request", "The provider finds fault with the request"],
  ["context", "bad-request", "The prompt is too long for the model"],
  ["too-large", "too-large", "The provider finds the request too large"],
  [
    "authentication",
    "server-error",
    "The provider refuses Switchyard's credentials: none of the client's business",
  ],
  ["permission", "server-error", "Switchyard may not use the model there"],
  ["not-found", "not-found", "The provider has no such model"],
  ["rate-limit", "rate-limit", "The provider throttles; its `retry-after` is told"],
  ["overloaded", "overloaded", "The provider is overloaded"],
  ["server-error", "server-error", "The provider fails"],
  ["timeout", "timeout", "The provider does not answer in time"],
];

function fails(failure: Failure, kind: FailureKind, title: string): Feature {
  return {
    name: `error: ${failure}`,
    title,
    needsModel: true,
    ask: (tag) => ({ messages: [command(tag, `fail ${failure}`)] }),
    fails: { kind },
    status: "failed",
    ...(failure === "timeout" && { target: "hasty" }),
  };
}

const breaks = (failure: Failure, title: string): Feature => ({
  name: `stream: ${failure}`,
  title,
  needsModel: true,
  ask: (tag) => ({ messages: [command(tag, `fail ${failure}`)], stream: true }),
  fails: { kind: "stream", midStream: true },
  status: "failed",
});

const hello: Feature["ask"] = (tag) => ({ messages: [command(tag, "echo hello")] });

export const FAILURES_OF_ALL: readonly Feature[] = [
  ...BY_PROVIDER.map(([failure, kind, title]) => fails(failure, kind, title)),
  {
    ...fails("rate-limit", "rate-limit", "The same, asked for a stream"),
    name: "error: rate-limit, streamed",
    ask: (tag) => ({ messages: [command(tag, "fail rate-limit")], stream: true }),
  },
  breaks("mid-stream", "The provider fails in mid-stream"),
  breaks("cut", "The connection breaks in mid-stream"),
  breaks("no-end", "The stream ends too early, as if all were well"),
  {
    name: "wrong key",
    title: "The key is none of Switchyard's",
    key: "unknown",
    ask: hello,
    fails: { kind: "authentication" },
    status: "refused",
  },
  {
    name: "barred key",
    title: "The key may not use the model",
    key: "barred",
    ask: hello,
    fails: { kind: "permission" },
    status: "refused",
  },
  {
    name: "unknown model",
    title: "There is no such model",
    model: "no-such-model",
    ask: hello,
    fails: { kind: "not-found" },
    status: "refused",
  },
];
