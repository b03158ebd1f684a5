import * as z from "zod";
import { CONTEXT_WORDS, wordFault } from "../core/context.ts";

/** What the control API takes and answers, in one file: the server checks against it, docs and console are typed from it. */

const words = z.partialRecord(z.enum(CONTEXT_WORDS), z.string()).superRefine((values, context) => {
  for (const [word, value] of Object.entries(values)) {
    const fault = value === undefined ? undefined : wordFault(word as (typeof CONTEXT_WORDS)[number], value);
    if (fault !== undefined) context.addIssue({ code: "custom", path: [word], message: fault });
  }
});

export const keyRequest = z.strictObject({
  tenant: z.string().min(1).describe("A tenant of the configuration."),
  name: z.string().min(1).max(128).optional().describe("For people; shown in lists."),
  defaults: words.optional().describe("Words for requests that name none."),
  pinned: words.optional().describe("Words that requests cannot change."),
  tasks: z.array(z.string().min(1)).min(1).optional().describe("Patterns of tasks, within the tenant's."),
  expiresAt: z.iso.datetime().optional().describe("RFC 3339, UTC."),
  actFor: z.array(z.string().min(1)).optional().describe('Tenants in whose name it may call; "*" is any.'),
  metadataWords: z.boolean().optional().describe("Whether bare words in the metadata count."),
});

export const keyInfo = z.strictObject({
  id: z.uuid(),
  prefix: z.string().describe("The key's first characters."),
  tenant: z.string(),
  name: z.string().nullable(),
  defaults: words,
  pinned: words,
  tasks: z.array(z.string()).nullable(),
  actFor: z.array(z.string()),
  metadataWords: z.boolean(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});

/** The only answer that ever holds the key itself. */
export const createdKey = keyInfo.extend({ key: z.string().describe("Shown once.") });

export type KeyRequest = z.infer<typeof keyRequest>;
export type KeyInfo = z.infer<typeof keyInfo>;
export type CreatedKey = z.infer<typeof createdKey>;
