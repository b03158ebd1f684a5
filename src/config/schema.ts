import * as z from "zod";
import { LATENCY_CLASSES, SENSITIVITIES, TIERS } from "../core/context.ts";
import { provider } from "./schema-providers.ts";
import {
  addressLike,
  bytes,
  cidr,
  date,
  days,
  duration,
  listen,
  money,
  name,
  rate,
  secret,
  usdPerMillion,
} from "./values.ts";

/**
 * The whole configuration, `switchyard.yaml`. Descriptions here are the reference: docs/reference/configuration.md
 * and switchyard.schema.json are generated from them. What is in the schema but not alive yet is in not-yet.ts.
 */

const server = z
  .strictObject({
    listen: listen
      .prefault("127.0.0.1:4141")
      .describe("host:port of the gateway; --host and --port win over it."),
    workers: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe("Processes that serve; more than one needs PostgreSQL (only 1 is available yet)."),
    bodyLimit: bytes.prefault("25MiB").describe("The longest request body; longer ones get 413."),
    control: z
      .strictObject({ listen: listen.describe("host:port for /api, /metrics and the console alone.") })
      .optional()
      .describe("A listener of their own for the control API, metrics and console."),
    tls: z
      .union([
        z.literal("self-signed"),
        z.strictObject({
          cert: z.string().describe("Path of the PEM certificate chain."),
          key: z.string().describe("Path of the PEM private key."),
        }),
      ])
      .optional()
      .describe("HTTPS with ALPN (HTTP/2 and HTTP/1.1) instead of plain HTTP."),
    timeouts: z
      .strictObject({
        headers: duration
          .prefault("15s")
          .describe("From a connection's first byte to the end of the request's headers."),
        request: duration
          .prefault("120s")
          .describe("From the first byte of a request to the end of its body."),
        keepAlive: duration
          .prefault("75s")
          .describe("Idle connections are kept this long; longer than a load balancer keeps them."),
        stalledClient: duration
          .prefault("60s")
          .describe("A client that reads nothing of its stream for so long has left."),
        keepAliveComment: duration
          .prefault("15s")
          .describe("Between SSE comments while a stream waits for its first byte."),
        drain: duration
          .prefault("30s")
          .describe("After SIGTERM, exchanges under way may take this long to end."),
      })
      .prefault({})
      .describe("Deadlines of the listener."),
  })
  .prefault({})
  .describe("Where and how Switchyard listens.");

const storage = z
  .strictObject({
    database: z
      .union([
        z.literal("embedded"),
        z
          .string()
          .regex(
            /^(postgres(ql)?:\/\/|env:|file:)/,
            'write "embedded", "postgres://user@host/db", "env:NAME" or "file:PATH"',
          ),
      ])
      .default("embedded")
      .describe(
        "embedded (PostgreSQL in this process), or a PostgreSQL >= 15 by its URL, best as env:DATABASE_URL.",
      ),
    journal: z
      .strictObject({
        fsync: z
          .enum(["group", "always", "none"])
          .default("group")
          .describe(
            "When records survive a crash of the host: group, a few milliseconds after they are written; always, before the client sees the end; none, when the operating system sees fit.",
          ),
        limit: bytes
          .prefault("1GiB")
          .describe("Records that wait for the database may take so much disk; then the journal is full."),
        onFull: z
          .enum(["refuse", "serve"])
          .default("refuse")
          .describe(
            "New exchanges when the journal or its disk is full: refuse them with journal_full, or serve and only count them.",
          ),
      })
      .prefault({})
      .describe("Where exchanges are recorded first, under the data folder, before they reach the database."),
    retention: z
      .strictObject({
        exchanges: days.prefault("90d").describe("Exchanges and decisions are kept so long."),
        usage: days.prefault("400d").describe("Sums of usage by hour are kept so long."),
      })
      .prefault({})
      .describe("How long records are kept."),
  })
  .prefault({})
  .describe("Where keys and records are kept.");

const KEEP = ["none", "redacted", "full"] as const;
const content = z
  .strictObject({ keep: z.enum(KEEP).default("none").describe("What is kept of prompts and replies.") })
  .prefault({})
  .describe("What is kept of request and reply bodies; nothing unless asked.");

const pool = z.strictObject({
  engine: z.enum(["vllm", "sglang", "tgi", "triton", "llamacpp", "trtllm", "simulator"]),
  replicas: z.array(z.strictObject({ url: addressLike("http://10.0.0.1:8000", "url") })).min(1),
  scrape: duration.prefault("1s"),
  capacity: z.strictObject({ usdPerHour: usdPerMillion.describe("Of one replica.") }).optional(),
});

const priceFields = {
  input: usdPerMillion.describe("USD per million input tokens; exact."),
  output: usdPerMillion.describe("USD per million output tokens."),
  cacheRead: usdPerMillion
    .optional()
    .describe("USD per million input tokens read from a cache; what input costs where absent."),
  cacheWrite: usdPerMillion
    .optional()
    .describe("USD per million input tokens written to a cache; what input costs where absent."),
  cacheWrite1h: usdPerMillion
    .optional()
    .describe(
      "USD per million input tokens written to a cache for an hour; what other writes cost where absent.",
    ),
  reasoning: usdPerMillion
    .optional()
    .describe("USD per million reasoning tokens; what output costs where absent."),
};
const price = z.union([
  z.strictObject(priceFields),
  z.array(z.strictObject({ from: date, ...priceFields })).min(1),
]);

const target = z.strictObject({
  provider: z.string().optional().describe("The provider that serves it; a target has a provider or a pool."),
  pool: z.string().optional().describe("The pool that serves it."),
  model: z.string().min(1).describe("The model's id at the provider."),
  tier: z.enum(TIERS).describe("What sort of capacity it is."),
  price: price.optional().describe("USD per million tokens, or dated rows [{ from, input, output }]."),
  dataClasses: z
    .array(z.enum(SENSITIVITIES))
    .min(1)
    .default(["public", "internal"])
    .describe("Which sensitivities it may see."),
  aliases: z.array(name).default([]).describe("Other model names that mean this target."),
  maxOutputTokens: z
    .int()
    .min(1)
    .optional()
    .describe("Sent upstream when the client names no limit; the ceiling that is reserved."),
  timeouts: z
    .strictObject({
      connect: duration.prefault("2s").describe("To open a connection."),
      firstByte: duration.prefault("60s").describe("From the request sent to the reply's first byte."),
      idle: duration.prefault("30s").describe("Between two pieces of a reply."),
      total: duration.prefault("15m").describe("For the whole attempt."),
    })
    .prefault({})
    .describe("An attempt's deadlines."),
  onAbort: z
    .enum(["cancel", "drain"])
    .default("cancel")
    .describe("When the client leaves: stop the upstream, or read on for its usage."),
  promptCache: z
    .enum(["client", "auto"])
    .default("client")
    .describe(
      "What is marked for the provider's prompt cache: only what the client marks, or (auto) tools, system and the conversation so far where the client marks nothing.",
    ),
  unsupported: z
    .enum(["refuse", "drop"])
    .default("refuse")
    .describe(
      "Parameters of another dialect that the target cannot express: refuse the request, or leave out those that are not needed and name them in x-switchyard-dropped-params.",
    ),
});

const task = z.strictObject({
  targets: z.array(z.string()).min(1).describe("Targets in the order of the route."),
  latency: z.enum(LATENCY_CLASSES).optional().describe("The latency class of its exchanges that name none."),
  objective: z
    .enum(["cost", "latency", "quality", "order"])
    .default("order")
    .describe("What decides among allowed targets."),
  owner: z.string().optional().describe("Who answers for it; stands in its decision records."),
  durability: z
    .enum(["stable", "experimental", "regulated", "edge"])
    .optional()
    .describe("How settled it is; stands in its decision records."),
  slo: z
    .strictObject({
      ttftP95: duration.optional(),
      totalP95: duration.optional(),
      availability: z.number().min(0).max(100).optional(),
      usdPerExchange: usdPerMillion.optional(),
    })
    .optional(),
  cache: z.strictObject({ ttl: duration }).optional(),
  hedge: z.strictObject({ after: z.string() }).optional(),
  split: z.record(z.string(), z.number().min(0)).optional(),
  content: z.strictObject({ keep: z.enum(KEEP) }).optional(),
});

const tenant = z.strictObject({
  tasks: z
    .array(z.string())
    .default(["*"])
    .describe('Patterns of the tasks its keys may use; "*" also allows every target by its name.'),
  sensitivity: z.enum(SENSITIVITIES).default("internal").describe("The least sensitivity of its requests."),
});

/** A value or a list of values; where they are of a closed list, one that is misspelt would never fit. */
const oneOrMoreOf = <Value extends z.ZodType<string>>(value: Value) =>
  z.union([value, z.array(value).min(1)]).optional();
const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);
const anyText = oneOrMoreOf(z.string());
const wordMatch = z.strictObject({
  tenant: anyText,
  user: anyText,
  app: anyText,
  feature: anyText,
  workflow: anyText,
  journey: anyText,
  task: anyText,
  latency: oneOrMoreOf(z.enum(LATENCY_CLASSES)),
  sensitivity: oneOrMoreOf(z.enum(SENSITIVITIES)),
  prompt: anyText,
});
const targetMatch = z.strictObject({
  target: anyText,
  provider: anyText,
  pool: anyText,
  model: anyText,
  tier: oneOrMoreOf(z.enum(TIERS)),
});

const policyRule = z.strictObject({
  rule: z.string().min(1).describe("Its name, as decisions quote it."),
  when: wordMatch
    .default({})
    .describe("Context words and the values for which the rule holds; all must fit."),
  deny: targetMatch.optional().describe("Targets with these attributes are excluded."),
  allow: targetMatch.optional().describe("Only targets with these attributes are left."),
  approve: targetMatch.optional(),
  because: z.string().optional().describe("The reason, quoted to whoever is refused."),
});

const scope = z.partialRecord(
  z.enum(["tenant", "user", "app", "key", "feature", "workflow", "task", "target", "journey"]),
  oneOrMore,
);
const budget = z.strictObject({
  name,
  scope: scope.default({}),
  limit: money,
  period: z.enum(["exchange", "journey", "minute", "hour", "day", "week", "month", "total"]),
  onExceed: z.enum(["refuse", "degrade", "batch", "approve"]).default("refuse"),
  onOutage: z.enum(["closed", "lease"]).default("closed"),
});
const limit = z.strictObject({
  scope: scope.default({}),
  requests: rate.optional(),
  tokens: rate.optional(),
  concurrency: z.int().min(1).optional(),
});

const alert = z.strictObject({
  name,
  when: z.string(),
  scope: scope.optional(),
  notify: z.array(z.string()).default([]),
});
const notify = z.strictObject({
  kind: z.enum(["webhook", "slack", "pagerduty", "sns"]),
  url: addressLike("https://example.com/hook", "url"),
  secret: secret.optional(),
});

const egress = z
  .strictObject({
    media: z
      .enum(["fetch", "refuse"])
      .default("fetch")
      .describe(
        "Images and documents named by address, for targets that take only bytes: fetch or refuse them.",
      ),
    allow: z
      .array(cidr)
      .default([])
      .describe("Networks such as 10.1.2.0/24 that may be asked though they are not public."),
    limit: bytes.prefault("4.5MB").describe("The longest file that is fetched."),
    timeout: duration.prefault("10s").describe("For all files of a request."),
  })
  .prefault({})
  .describe(
    "What Switchyard fetches from addresses that requests name; private ones are refused at the connection.",
  );

const responses = z
  .strictObject({
    store: z
      .boolean()
      .default(true)
      .describe(
        "Whether replies of /v1/responses are kept for previous_response_id, as the API does unless a request says store: false.",
      ),
    dataClasses: z
      .array(z.enum(SENSITIVITIES))
      .default(["public", "internal", "confidential"])
      .describe("Sensitivities whose replies may be kept."),
    retention: days.prefault("30d").describe("How long they are kept."),
  })
  .prefault({})
  .describe("What OpenAI's Responses API keeps for its clients; each tenant sees only its own.");

export const configSchema = z.strictObject({
  mode: z
    .enum(["enforce", "observe"])
    .default("enforce")
    .describe("observe decides and records but refuses nothing."),
  server,
  storage,
  content,
  egress,
  responses,
  providers: z.record(name, provider).default({}).describe("Upstream APIs, by name."),
  pools: z.record(name, pool).default({}).describe("Replicas of self-hosted engines."),
  targets: z
    .record(name, target)
    .default({})
    .describe("Models on providers, with price and limits, by name."),
  tasks: z
    .record(name, task)
    .default({})
    .describe("What applications ask for by name, and the targets that serve it."),
  tenants: z.record(name, tenant).default({}).describe("Who may call, by name; keys belong to a tenant."),
  policy: z.array(policyRule).default([]).describe("Rules that exclude targets, in order."),
  budgets: z.array(budget).default([]),
  limits: z.array(limit).default([]),
  alerts: z.array(alert).default([]),
  notify: z.record(name, notify).default({}),
});

/** The configuration with its defaults, units resolved: plain data. Secrets stay `env:` and `file:` references. */
export type Config = z.output<typeof configSchema>;
export type ProviderConfig = Config["providers"][string];
export type TargetConfig = Config["targets"][string];
export type TaskConfig = Config["tasks"][string];
export type PolicyRule = Config["policy"][number];
