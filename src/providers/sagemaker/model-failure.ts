import { statusFailure } from "../http/failure.ts";
import type { Secrets } from "../http/secrets.ts";
import type { AttemptFailure, WholeReply } from "../provider.ts";

/** Characters of the container's own words. */
const MAX_SAID = 500;
/** Prompts longer than vLLM, SGLang and TGI take. */
const OVERFLOW =
  /maximum context length|longer than the (maximum )?(context|model)|inputs` (tokens \+|must have less than)|input is too long/i;
/** SageMaker waits a minute for a plain reply; the container's status is 0 then. */
const TIMED_OUT = /timed out while waiting for a response/i;
/** Of a container these say nothing about the request: it knows no credentials, and LMI calls every fault of its own 424. */
const ITS_OWN: ReadonlySet<number> = new Set([401, 402, 403, 424]);

/** What SageMaker says of a container's refusal, as far as it is there. */
interface ModelError {
  readonly message: string;
  readonly status: number;
  /** The container's body, mostly JSON. */
  readonly body: string;
}

/**
 * A container's refusal, which SageMaker wraps: what it means depends on the container's own status.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors
 *
 * @param reply  424, `{ Message, OriginalStatusCode, OriginalMessage, LogStreamArn }`
 * @param wait   seconds, where SageMaker names them
 */
export function modelFailure(reply: WholeReply, wait: number | undefined, secrets: Secrets): AttemptFailure {
  const error = readModelError(reply.body);
  const said = saidOf(error.body, secrets);
  if (error.status < 400 || ITS_OWN.has(error.status)) {
    if (TIMED_OUT.test(error.message) || TIMED_OUT.test(error.body))
      return {
        kind: "timeout",
        status: reply.status,
        message: "the model did not answer in SageMaker's time",
      };
    return {
      kind: "status",
      status: reply.status,
      message: "the model's container failed (ModelError)",
      said,
    };
  }
  // The container's reply as if it had come straight from it.
  const own: WholeReply = { ...reply, status: error.status, body: Buffer.from(error.body) };
  const seconds = wait === undefined ? undefined : String(wait);
  const failure = statusFailure(own, seconds, secrets, Date.now());
  const told: AttemptFailure = {
    ...failure,
    message: `the model's container answered ${error.status}`,
    said: failure.said ?? said,
  };
  if (told.kind !== "rejected") return told;
  if (OVERFLOW.test(error.body)) return { ...told, code: "context_overflow", elsewhere: true };
  return error.status === 413 ? { ...told, code: "payload_too_large", elsewhere: true } : told;
}

function readModelError(body: Buffer): ModelError {
  let fields: Readonly<Record<string, unknown>> = {};
  try {
    fields = (JSON.parse(body.toString()) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    // A proxy's page: nothing is known of the container.
  }
  const { Message: message, OriginalStatusCode: status, OriginalMessage: original } = fields;
  return {
    message: typeof message === "string" ? message : "",
    status: typeof status === "number" ? status : 0,
    body: typeof original === "string" ? original : "",
  };
}

function saidOf(body: string, secrets: Secrets): string | undefined {
  return secrets.appearInJson(body) ? undefined : secrets.tellable(body, MAX_SAID);
}
