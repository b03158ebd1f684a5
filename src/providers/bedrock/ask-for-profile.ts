import type { AttemptFailure } from "../provider.ts";
import { BedrockReading } from "./reading.ts";
import type { AwsRuntime } from "../aws/runtime.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const DEADLINE_MS = 5_000;

/**
 * The models that an inference profile uses.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html
 *
 * @returns their ARNs
 * @throws Error where they cannot be had
 */
export function askForProfile(control: AwsRuntime, profile: string): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  const reading = new BedrockReading(
    {
      sink: {
        usage() {},
        dropped() {},
        alive() {},
        // What the service says holds ARNs and account ids, which are no client's business.
        fail: ({ kind, message }: AttemptFailure) =>
          reject(
            new Error(kind === "credentials" ? `${message}; allow bedrock:GetInferenceProfile` : message),
          ),
      },
      whole: ({ body }) => {
        const { models } = JSON.parse(body.toString()) as { models?: readonly { modelArn?: unknown }[] };
        const arns = (models ?? []).flatMap(({ modelArn }) =>
          typeof modelArn === "string" ? [modelArn] : [],
        );
        resolve(arns);
      },
    },
    control.secrets,
  );
  const handle = control.send(
    { connectTimeoutMs: CONNECT_TIMEOUT_MS, labels: { exchange: "", tenant: "", tags: {} } },
    {
      method: "GET",
      path: `${control.prefix}/inference-profiles/${encodeURIComponent(profile)}`,
      headers: { accept: "application/json" },
      body: undefined,
    },
    reading,
  );
  const deadline = setTimeout(() => {
    handle.cancel();
    reject(new Error(`no answer within ${DEADLINE_MS / 1_000} s`));
  }, DEADLINE_MS);
  deadline.unref();
  return promise.finally(() => clearTimeout(deadline));
}
