import type { UpstreamCall } from "../provider.ts";
import { answerTo, type Answer, type SimulatedRequest } from "./answer.ts";
import { embeddingsBody, type EmbeddingsRequest } from "./embeddings.ts";
import type { Fault } from "./faults.ts";
import { chatBody, chatFrames, DONE, json, type Frame } from "./frames.ts";
import { logNormal, seededRandom } from "./random.ts";

export interface SimulatorOptions {
  /** Median milliseconds to the first token. */
  readonly firstToken: number;
  /** Median tokens a second of one stream. */
  readonly tokensPerSecond: number;
  readonly faults: readonly Fault[];
}

/** Milliseconds of prefill an input token adds; a mid-sized model on one GPU. */
const PREFILL_MS_PER_TOKEN = 0.05;
/** A body of 25 MiB is millions of tokens, which no engine would take; the simulator does, and answers in time. */
const MAX_PREFILL_MS = 5_000;

/** What a playback shows, and when. */
export interface Plan {
  readonly firstMs: number;
  readonly msPerToken: number;
  readonly fault: Fault | undefined;
  readonly frames: readonly Frame[];
  /** A plain reply, shown when all its tokens would have appeared; undefined for a stream. */
  readonly body: Buffer | undefined;
  readonly tokens: number;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number } | undefined;
  /** Why the request was refused. */
  readonly refusal: string | undefined;
  readonly last: Buffer;
}

export function planReply(
  call: UpstreamCall,
  options: SimulatorOptions,
  fault: Fault | undefined,
  serial: number,
): Plan {
  const request = JSON.parse(call.request.bytes.toString()) as SimulatedRequest & EmbeddingsRequest;
  // The same question gets the same answer, plain or streamed, whatever else the request says.
  const random = seededRandom(JSON.stringify([call.model, request.messages]));
  const base = {
    firstMs: options.firstToken * logNormal(random, 0.25) + (fault?.kind === "slow" ? fault.delay : 0),
    msPerToken: (1_000 / options.tokensPerSecond) * logNormal(random, 0.1),
    fault,
    frames: [],
    body: undefined,
    tokens: 0,
    usage: undefined,
    refusal: undefined,
    last: DONE,
  };
  if (call.request.operation === "embeddings") {
    const result = embeddingsBody(request, call.model);
    if (typeof result === "string") return { ...base, refusal: result };
    return { ...base, body: result.body, usage: { inputTokens: result.inputTokens, outputTokens: 0 } };
  }
  const capped =
    call.outputCap === undefined
      ? request
      : { ...request, max_tokens: call.outputCap, max_completion_tokens: call.outputCap };
  const answers: Answer[] = [];
  for (let choice = 0; choice < call.request.choices; choice++) {
    const answer = answerTo(capped, random);
    if (typeof answer === "string") return { ...base, refusal: answer };
    answers.push(answer);
  }
  const outputTokens = answers.reduce((sum, answer) => sum + answer.outputTokens, 0);
  const inputTokens = answers[0]?.inputTokens ?? 0;
  const head = { id: `chatcmpl-sim-${serial}`, model: call.model, created: Math.floor(Date.now() / 1_000) };
  return {
    ...base,
    firstMs: base.firstMs + Math.min(inputTokens * PREFILL_MS_PER_TOKEN, MAX_PREFILL_MS),
    tokens: outputTokens,
    usage: { inputTokens, outputTokens },
    frames: call.request.stream ? chatFrames(head, answers, call.request.includeUsage) : [],
    body: call.request.stream ? undefined : chatBody(head, answers),
  };
}

export function refusalBody(message: string): Buffer {
  return json({
    error: { message, type: "invalid_request_error", param: message.split(":")[0], code: null },
  });
}
