import { EXCEPTIONS } from "../service-error.ts";
import { z } from "zod";
import { OPERATIONS } from "../operations/route.ts";

/** Which requests a fault befalls. Counted are the requests that fit `operation`, `model`, `accessKeyId` and `contains`. */
const which = {
  operation: z.enum(OPERATIONS).optional(),
  /** As asked for or without its prefix; `*` stands for any run of characters. */
  model: z.string().min(1).optional(),
  /** Access key of the signer, so that a fault befalls one tenant. */
  accessKeyId: z.string().min(1).optional(),
  /** So many fitting requests are let through first. */
  skip: z.int().min(0).optional(),
  /** Only requests whose body holds this text. */
  contains: z.string().min(1).optional(),
  /** Only so many are hit; all where absent. */
  first: z.int().min(1).optional(),
  /** Only every so-manieth is hit. */
  every: z.int().min(1).optional(),
};
const frames = z.int().min(0);

export const faultSchema = z.discriminatedUnion("kind", [
  /** An error instead of the answer; without `exception` a bare status, as a host in between sends it. */
  z
    .strictObject({
      kind: z.literal("error"),
      ...which,
      exception: z.string().min(1).optional(),
      status: z.int().min(400).max(599).optional(),
      message: z.string().optional(),
      retryAfterSeconds: z.number().min(0).optional(),
      members: z.record(z.string(), z.json()).optional(),
    })
    .refine(
      ({ exception, status, operation }) =>
        exception === undefined ||
        // STS has codes of its own.
        operation === "AssumeRole" ||
        status !== undefined ||
        Object.hasOwn(EXCEPTIONS, exception),
      {
        path: ["exception"],
        error: `is none of ${Object.keys(EXCEPTIONS).join(", ")}; another one needs a status beside it`,
      },
    ),
  /** The answer comes so much later. */
  z.strictObject({ kind: z.literal("slow"), ...which, delayMs: z.number().min(0) }),
  /** Another pace for these requests. */
  z.strictObject({
    kind: z.literal("pace"),
    ...which,
    firstTokenMs: z.number().min(0).optional(),
    tokensPerSecond: z.number().min(0).optional(),
    jitter: z.number().min(0).max(1).optional(),
  }),
  /** Nothing ever comes; in a stream nothing after so many frames. */
  z.strictObject({ kind: z.literal("hang"), ...which, afterFrames: frames.optional() }),
  /** The connection is reset, in a stream after so many frames. */
  z.strictObject({ kind: z.literal("reset"), ...which, afterFrames: frames.optional() }),
  /** An exception frame in a stream, by its member name such as `throttlingException`; any name is sent. */
  z.strictObject({
    kind: z.literal("exception"),
    ...which,
    exception: z.string().min(1),
    message: z.string().optional(),
    members: z.record(z.string(), z.json()).optional(),
    afterFrames: frames.default(0),
  }),
  /** A frame of message type `error`, which no model describes. */
  z.strictObject({
    kind: z.literal("error-frame"),
    ...which,
    code: z.string().min(1),
    message: z.string().default(""),
    afterFrames: frames.default(0),
  }),
  /** A stream that ends too early, the connection closed as if all were well. */
  z.strictObject({
    kind: z.literal("cut"),
    ...which,
    at: z.union([
      z.enum(["start", "before-message-stop", "before-metadata", "before-last", "inside-frame"]),
      frames,
    ]),
  }),
  /** A frame whose checksum does not fit. */
  z
    .strictObject({ kind: z.literal("damage"), ...which, afterFrames: frames.default(1) })
    .refine(({ operation }) => operation !== "ChatCompletions", {
      path: ["operation"],
      message: "the events of chat completions have no checksums that could be damaged",
    }),
]);

/** A fault as it is written. */
export type Fault = z.input<typeof faultSchema>;
/** With its defaults. */
export type ReadFault = z.output<typeof faultSchema>;
export type FaultOf<K extends ReadFault["kind"]> = Extract<ReadFault, { kind: K }>;
