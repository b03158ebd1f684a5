import { statusFailure } from "../http/failure.ts";
import type { Secrets } from "../http/secrets.ts";
import type { AttemptFailure, WholeReply } from "../provider.ts";

/** The server knows no such model, or has it not ready: another target may have it. */
const NO_MODEL = /unknown model|(model|version)\b.*\bis not (found|ready|available)|not at ready state/i;
const TOO_LONG = /longer than the max|maximum (model|context|input) length|exceeds? .*max_(input|seq)_len/i;

/**
 * What a refusal means. Nearly all of them are 400 with `{"error": "…"}`; of a stream the same stands in an event.
 * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_generate.html
 */
export function tritonFailure(
  reply: WholeReply,
  retryAfter: string | undefined,
  secrets: Secrets,
): AttemptFailure {
  const body = withoutFraming(reply.body);
  const failure = statusFailure({ ...reply, body }, retryAfter, secrets, Date.now());
  if (failure.kind !== "rejected") return failure;
  if (NO_MODEL.test(body.toString())) return { ...failure, code: "model_not_found", elsewhere: true };
  return TOO_LONG.test(body.toString()) ? { ...failure, code: "context_overflow", elsewhere: true } : failure;
}

function withoutFraming(body: Buffer): Buffer {
  const text = body.toString();
  return text.startsWith("data:") ? Buffer.from(text.slice(5).trim()) : body;
}
