import type { AttemptFailure } from "../provider.ts";

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_RequestBody */
const MAX_BODY_BYTES = 6_291_456;

/** Why a body is not sent; undefined where it may go. */
export function tooLarge(body: Buffer | string): AttemptFailure | undefined {
  const bytes = Buffer.byteLength(body);
  if (bytes <= MAX_BODY_BYTES) return undefined;
  return {
    kind: "unsupported",
    code: "payload_too_large",
    elsewhere: true,
    message: `its body has ${bytes} bytes, and SageMaker takes ${MAX_BODY_BYTES}`,
  };
}
