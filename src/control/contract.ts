import * as z from "zod";
import { FILTER_WORDS, TIME_WORDS } from "../core/ledger-words.ts";
import { CONTEXT_WORDS, LATENCY_CLASSES, SENSITIVITIES, TIERS, wordFault } from "../core/context.ts";
import { parseDuration } from "../core/quantity.ts";
import { STATUSES } from "../core/status.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * What the control API takes and answers, in one file: the server checks against it, the OpenAPI document is made from
 * it, commands and console are typed by it.
 */

const time = z.iso.datetime().describe("RFC 3339, UTC.");
const nano = z
  .string()
  .regex(/^-?\d+$/)
  .describe("Nano-dollars, a whole number as text.");
const usd = z
  .string()
  .regex(/^-?\d+(\.\d{1,9})?$/)
  .describe("USD, an exact decimal.");
const count = z.int().min(0);
const exchangeId = z.uuid("is no id of an exchange; write what x-switchyard-exchange says");
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const instant = z
  .string()
  .refine((text) => parseDuration(text) !== undefined || !Number.isNaN(rfc3339(text)), {
    error: "write a time such as 2027-01-31T00:00:00Z, or a span back from now such as 15m, 24h or 30d",
  })
  .describe("RFC 3339, or a span back from now such as 15m, 24h, 30d.");

function rfc3339(text: string): number {
  return /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
}

function limit(most: number, preset: number) {
  return z
    .string()
    .regex(/^\d+$/, "write a whole number")
    .transform(Number)
    .pipe(z.int().min(1, "write at least 1").max(most, `write at most ${most}`))
    .default(preset)
    .describe(`At most ${most}; ${preset} where absent.`);
}

const words = z.partialRecord(z.enum(CONTEXT_WORDS), z.string()).superRefine((values, context) => {
  for (const [word, value] of Object.entries(values)) {
    const fault = value === undefined ? undefined : wordFault(word as (typeof CONTEXT_WORDS)[number], value);
    if (fault !== undefined) context.addIssue({ code: "custom", path: [word], message: fault });
  }
});

/** Filters by word; an empty value asks for what has no such word. */
const filters = {
  ...(Object.fromEntries(
    FILTER_WORDS.map((word) => [word, z.string().max(2_048).optional().describe(`Only with this ${word}.`)]),
  ) as { [word in (typeof FILTER_WORDS)[number]]: z.ZodOptional<z.ZodString> }),
  key: z
    .union([z.uuid(), z.literal("")])
    .optional()
    .describe("Only with this key's id."),
  status: z.enum(STATUSES).optional().describe("Only with this status."),
};

const NOTHING = z.undefined();
const none = { params: NOTHING, query: NOTHING, body: NOTHING };

// Keys

export const keyRequest = z.strictObject({
  tenant: z.string().min(1).describe("A tenant of the configuration."),
  name: z.string().min(1).max(128).optional().describe("For people; shown in lists."),
  defaults: words.optional().describe("Words for requests that name none."),
  pinned: words.optional().describe("Words that requests cannot change."),
  tasks: z.array(z.string().min(1)).min(1).optional().describe("Patterns of tasks, within the tenant's."),
  expiresAt: z.iso.datetime().optional().describe("RFC 3339, UTC."),
  actFor: z.array(z.string().min(1)).optional().describe('Tenants in whose name it may call; "*" is any.'),
  metadataWords: z.boolean().optional().describe("Whether bare words in the metadata count."),
  aws: z.boolean().optional().describe("Whether to issue an access-key pair for AWS SDKs with it."),
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
  accessKeyId: z
    .string()
    .nullable()
    .describe("Of the access-key pair for AWS SDKs, where one was issued with it."),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
});

/** The only answer that ever holds the key itself. */
export const createdKey = keyInfo.extend({
  key: z.string().describe("Shown once."),
  secretAccessKey: z
    .string()
    .optional()
    .describe("Of the access-key pair, where one was asked for; shown once."),
});

// Exchanges

const usage = z.strictObject({
  inputTokens: count,
  cachedInputTokens: count,
  cacheWriteInputTokens: count,
  cacheWrite1hInputTokens: count.optional().describe("Of these, those kept for an hour."),
  outputTokens: count,
  reasoningTokens: count,
});

export const attemptInfo = z.strictObject({
  target: z.string(),
  replica: z.string().nullable(),
  startedAt: time,
  status: z.string(),
  cause: z.string().nullable(),
  firstTokenMs: z.int().nullable(),
  usage: usage.nullable(),
  costNano: nano.nullable(),
  estimated: z.boolean(),
});

export const exchangeInfo = z.strictObject({
  id: z.uuid(),
  startedAt: time,
  endedAt: time,
  status: z.enum(STATUSES),
  code: z.string().nullable().describe("The error's code."),
  message: z.string().nullable().describe("The error's sentence."),
  dialect: z.string(),
  operation: z.string(),
  stream: z.boolean(),
  tenant: z.string().nullable(),
  user: z.string().nullable(),
  app: z.string().nullable(),
  feature: z.string().nullable(),
  workflow: z.string().nullable(),
  journey: z.string().nullable(),
  task: z.string().nullable(),
  latency: z.enum(LATENCY_CLASSES).nullable(),
  sensitivity: z.enum(SENSITIVITIES).nullable(),
  budget: z.string().nullable(),
  prompt: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  tagsCut: count.describe("Tags that were too long to be kept."),
  key: z.uuid().nullable().describe("The key's id."),
  target: z.string().nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable().describe("The model's id at the provider."),
  attempts: z.array(attemptInfo),
  firstTokenMs: z.int().nullable(),
  usage,
  costNano: nano,
  costUsd: usd,
  cacheSavedNano: nano.describe("What prompt caches saved of the input's cost."),
  estimated: z.boolean().describe("Whether a part of the cost was not reported by the upstream."),
  flagged: z
    .boolean()
    .describe("Whether the upstream reported a usage that cannot be; it is not in the sums."),
  reported: z.string().nullable().describe("What it reported then."),
  configHash: hash,
  decisionId: z.uuid().nullable(),
});

export const decisionInfo = z
  .looseObject({
    id: z.uuid(),
    asked: z.string(),
    as: z.string(),
    task: z.string().optional(),
    objective: z.string(),
    candidates: z.array(
      z.looseObject({
        target: z.string(),
        tier: z.enum(TIERS),
        place: z.int().optional().describe("In the plan, from 1; absent where it is excluded."),
        reason: z.string(),
      }),
    ),
    configHash: hash,
  })
  .describe("Why a route was chosen.");

// Usage

const sums = {
  exchanges: count,
  answered: count,
  refused: count,
  failed: count,
  abandoned: count,
  killed: count,
  inputTokens: count,
  cachedInputTokens: count,
  cacheWriteInputTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  costNano: nano,
  costUsd: usd,
  estimated: count.describe("Exchanges whose cost is estimated."),
  estimatedCostNano: nano.describe("The part of the cost that is estimated."),
  cacheSavedNano: nano.describe(
    "What prompt caches saved of the input's cost; below 0 where writing to them cost more than reading saved.",
  ),
  flagged: count.describe("Exchanges whose upstream reported a usage that cannot be."),
};
export const usageTotal = z.strictObject(sums);
const usageWords = [...FILTER_WORDS, ...TIME_WORDS] as const;
export const usageRow = z.strictObject({
  ...(Object.fromEntries(usageWords.map((word) => [word, z.string().nullable().optional()])) as {
    [word in (typeof usageWords)[number]]: z.ZodOptional<z.ZodNullable<z.ZodString>>;
  }),
  ...sums,
});

const by = z
  .string()
  .transform((text) => text.split(",").map((word) => word.trim()))
  .pipe(
    z
      .array(z.enum(usageWords, { error: `write words of ${usageWords.join(", ")}` }))
      .min(1)
      .max(8, "names more than 8 words"),
  )
  .refine((named) => new Set(named).size === named.length, "names a word twice")
  .describe(`Words, separated by commas: ${usageWords.join(", ")}.`);

// Configuration

const configVersion = z.strictObject({ hash, firstLoadedAt: time, lastLoadedAt: time });

export const targetInfo = z.strictObject({
  id: z.string(),
  provider: z.string(),
  kind: z.string(),
  model: z.string(),
  tier: z.enum(TIERS),
  dataClasses: z.array(z.enum(SENSITIVITIES)),
  maxOutputTokens: z.int().nullable(),
});

function listOf<Row extends z.ZodType>(row: Row) {
  return z.strictObject({ rows: z.array(row), next: z.string().nullable().describe("Send it as `cursor`.") });
}

/** Everything that can be asked, by operation id. */
export const ENDPOINTS = {
  listExchanges: {
    ...none,
    method: "GET",
    url: "/api/exchanges",
    summary: "Exchanges, newest first.",
    query: z.strictObject({
      since: instant.optional(),
      until: instant.optional(),
      ...filters,
      cursor: z.string().max(256).optional().describe("`next` of the page before."),
      limit: limit(1_000, 100),
    }),
    answer: listOf(exchangeInfo),
  },
  getExchange: {
    ...none,
    method: "GET",
    url: "/api/exchanges/:id",
    summary: "One exchange.",
    params: z.strictObject({ id: exchangeId }),
    answer: exchangeInfo,
  },
  getDecision: {
    ...none,
    method: "GET",
    url: "/api/exchanges/:id/decision",
    summary: "Why its route was chosen: every candidate with its reason.",
    params: z.strictObject({ id: exchangeId }),
    answer: decisionInfo,
  },
  getJourney: {
    ...none,
    method: "GET",
    url: "/api/journeys/:id",
    summary: "The exchanges of one journey, oldest first, and what they add up to.",
    params: z.strictObject({ id: z.string().min(1).max(256) }),
    query: z.strictObject({ tenant: z.string().optional(), limit: limit(10_000, 1_000) }),
    answer: z.strictObject({
      id: z.string(),
      tenants: z.array(z.string()),
      startedAt: time,
      endedAt: time,
      total: usageTotal,
      rows: z.array(exchangeInfo),
    }),
  },
  getUsage: {
    ...none,
    method: "GET",
    url: "/api/usage",
    summary: "What exchanges add up to, by words, dearest first.",
    query: z.strictObject({
      by: by.optional(),
      since: instant.default("24h"),
      until: instant.optional(),
      ...filters,
      limit: limit(100_000, 1_000),
    }),
    answer: z.strictObject({
      rows: z.array(usageRow),
      total: usageTotal,
      rest: z
        .strictObject({ groups: count, ...sums })
        .nullable()
        .describe("What `limit` left out of the rows."),
      since: time,
      until: time,
      lagSeconds: z
        .number()
        .min(0)
        .describe("Age of the oldest record that is not in the sums yet; 0 where all are."),
    }),
  },
  listTargets: {
    ...none,
    method: "GET",
    url: "/api/targets",
    summary: "The targets of the configuration in force.",
    answer: listOf(targetInfo),
  },
  getConfig: {
    ...none,
    method: "GET",
    url: "/api/config",
    summary: "Which configuration is in force; all nodes must show the same hash.",
    answer: z.strictObject({
      hash,
      loadedAt: time,
      tenants: z.array(z.string()),
      tasks: z.array(z.string()),
      targets: z.array(z.string()),
      providers: z.array(z.string()),
    }),
  },
  listConfigVersions: {
    ...none,
    method: "GET",
    url: "/api/config/versions",
    summary: "Every configuration that was ever in force, newest first.",
    answer: listOf(configVersion),
  },
  getConfigVersion: {
    ...none,
    method: "GET",
    url: "/api/config/versions/:hash",
    summary: "The text of one of them, by its hash or the hash's first characters (at least 6).",
    params: z.strictObject({
      hash: z.string().regex(/^[0-9a-f]{6,64}$/, "write a hash, or at least 6 of its characters"),
    }),
    answer: configVersion.extend({
      text: z.string().describe("Without the password of a database's address."),
    }),
  },
  listKeys: {
    ...none,
    method: "GET",
    url: "/api/keys",
    summary: "All keys, without the keys themselves.",
    answer: listOf(keyInfo),
  },
  createKey: {
    ...none,
    method: "POST",
    url: "/api/keys",
    summary: "Issues a key; the answer is the only place where it is ever shown.",
    body: keyRequest,
    answer: createdKey,
    status: 201,
  },
  revokeKey: {
    ...none,
    method: "DELETE",
    url: "/api/keys/:id",
    summary: "Revokes a key, by its id or prefix; from then on it is refused.",
    params: z.strictObject({ id: z.string().min(1) }),
    answer: keyInfo,
  },
} as const satisfies Record<string, Endpoint>;

export type Endpoints = typeof ENDPOINTS;
export type EndpointId = keyof Endpoints;

export type KeyRequest = z.infer<typeof keyRequest>;
export type KeyInfo = z.infer<typeof keyInfo>;
export type CreatedKey = z.infer<typeof createdKey>;
export type ExchangeInfo = z.infer<typeof exchangeInfo>;
export type AttemptInfo = z.infer<typeof attemptInfo>;
export type DecisionInfo = z.infer<typeof decisionInfo>;
export type UsageTotal = z.infer<typeof usageTotal>;
export type UsageRow = z.infer<typeof usageRow>;
