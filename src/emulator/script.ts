import { z } from "zod";
import { faultSchema } from "./faults/fault.ts";

const positive = z.number().positive();

/** What a script file may say; docs/guides/emulator.md describes it. */
export const scriptSchema = z.strictObject({
  faults: z.array(faultSchema).default([]),
  /** Application inference profiles. */
  profiles: z
    .array(
      z.strictObject({
        arn: z
          .string()
          .regex(/^arn:aws[\w-]*:bedrock:[\w-]+:\d{12}:application-inference-profile\/[a-z0-9]+$/),
        name: z.string().min(1).optional(),
        models: z.array(z.string().min(1)).min(1),
      }),
    )
    .default([]),
  quotas: z
    .array(
      z.strictObject({
        /** `*` stands for any run of characters. */
        model: z.string().min(1),
        requestsPerMinute: positive.optional(),
        tokensPerMinute: positive.optional(),
        tokensPerDay: positive.optional(),
      }),
    )
    .default([]),
  latency: z
    .strictObject({
      firstTokenMs: z.number().min(0).default(0),
      tokensPerSecond: z.number().min(0).default(0),
      jitter: z.number().min(0).max(1).default(0),
    })
    .prefault({}),
  guardrails: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        deniedTexts: z.array(z.string().min(1)).default([]),
        masks: z
          .array(z.enum(["EMAIL", "PHONE", "CREDIT_DEBIT_CARD_NUMBER", "US_SOCIAL_SECURITY_NUMBER"]))
          .default([]),
        blockedInputMessage: z.string().default("Sorry, the model cannot answer this question."),
        blockedOutputMessage: z.string().default("Sorry, the model cannot answer this question."),
      }),
    )
    .default([]),
  /** What is answered where the user's last text holds a phrase. */
  answers: z.array(z.strictObject({ contains: z.string().min(1), text: z.string() })).default([]),
});

/** As it is written. */
export type Script = z.input<typeof scriptSchema>;
/** With its defaults. */
export type ReadScript = z.output<typeof scriptSchema>;

/** A script that cannot be used; each fault names its place. */
export class ScriptRefused extends Error {
  override readonly name = "ScriptRefused";
}

/** @throws ScriptRefused */
export function readScript(script: unknown, what = "the script"): ReadScript {
  const read = scriptSchema.safeParse(script ?? {});
  if (!read.success) throw new ScriptRefused(`${what} cannot be used:\n${describeIssues(read.error)}`);
  return read.data;
}

export function describeIssues({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => `  ${path.length === 0 ? "" : `${path.join(".")}: `}${message}`)
    .join("\n");
}
