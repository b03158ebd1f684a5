import type { BedrockModel } from "../../catalog/bedrock-models.ts";
import { scanTrusted } from "../../core/json-scan.ts";
import { countOf } from "../anthropic-messages/count.ts";
import type { Unsigned } from "../aws/auth.ts";
import type { AwsRuntime } from "../aws/runtime.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import type { AttemptFailure, AttemptSink, CountCall, CountSink, UpstreamHandle } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { writeConverse } from "./converse/write-request.ts";
import { FREE } from "./native.ts";
import { operationPath } from "./pass.ts";
import { BedrockReading, type Meaning } from "./reading.ts";

/** What of a body of Converse is counted; the counter takes nothing else. */
const COUNTED: ReadonlySet<string> = new Set([
  "messages",
  "system",
  "toolConfig",
  "additionalModelRequestFields",
]);
/** What the service says of models that it does not count for. */
const NOT_COUNTED = /support counting tokens/i;

interface Parts {
  readonly runtime: AwsRuntime;
  readonly model: BedrockModel;
  readonly canonical: string;
}

/** Counts the tokens of a chat request of another dialect, as Converse would send it. */
export function countByConverse(
  { runtime, model, canonical }: Parts,
  { chat, withoutThoughts, connectTimeoutMs, labels }: CountCall,
  sink: CountSink,
): UpstreamHandle {
  const { body, inexpressible } = writeConverse({
    chat,
    model,
    outputCap: undefined,
    withoutThoughts,
    metadata: {},
  });
  // What may be left out of a request is left out of its count, too.
  const failure = refuseOrDrop(inexpressible, true, sink);
  if (failure !== undefined) {
    sink.fail({ ...failure, elsewhere: true });
    return NOTHING_SENT;
  }
  const meaning = counting(sink, (inputTokens) => sink.whole(inputTokens));
  return runtime.send(
    { connectTimeoutMs, labels },
    countRequest(runtime.prefix, canonical, `{"converse":${counted(body)}}`),
    new BedrockReading(meaning, runtime.secrets),
  );
}

/**
 * A request of CountTokens. The service counts for base models and not for profiles.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
 *
 * @param input  JSON text
 */
export function countRequest(prefix: string, canonical: string, input: string): Unsigned {
  return {
    method: "POST",
    path: operationPath(prefix, canonical, "count-tokens"),
    headers: { "content-type": "application/json", accept: "application/json" },
    body: `{"input":${input}}`,
  };
}

/** What a reply of CountTokens means: a number, and a model that is not counted for is no fault of the request. */
export function counting(
  sink: AttemptSink & { fail(failure: AttemptFailure): void },
  tell: (inputTokens: number) => void,
): Meaning {
  return {
    sink: {
      usage: (usage) => sink.usage(usage),
      dropped: (names) => sink.dropped(names),
      alive: () => sink.alive(),
      fail: (failure) => sink.fail(isNotCounted(failure) ? UNSUPPORTED : failure),
    },
    whole({ body }) {
      sink.usage(FREE);
      const tokens = countOf(body, "inputTokens");
      if (tokens === undefined) throw new ReplyFault("it has no count of tokens");
      tell(tokens);
    },
  };
}

const UNSUPPORTED: AttemptFailure = {
  kind: "unsupported",
  elsewhere: true,
  message: "Bedrock counts no tokens for this model",
};

function isNotCounted({ kind, said }: AttemptFailure): boolean {
  return kind === "rejected" && NOT_COUNTED.test(said ?? "");
}

function counted(body: string): string {
  const bytes = Buffer.from(body);
  const kept = scanTrusted(bytes).filter(({ key }) => COUNTED.has(key));
  return `{${kept.map(({ keyStart, end }) => bytes.toString("utf8", keyStart, end)).join(",")}}`;
}
