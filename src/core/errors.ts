/**
 * Every failure that can leave this program, in one table.
 *
 * The key is the public code: it stands in the reply's body, in the record and in docs/reference/errors.md,
 * which is generated from here. Each row says how the failure looks in each dialect. Add a row before throwing a
 * new failure; never reuse or rename a code.
 */
export const ERRORS = {
  invalid_request: row(400, "invalid_request_error", "invalid_request_error", "ValidationException", {
    when: "The request is not what the endpoint takes: not JSON, a duplicate key, a wrong type, an unknown parameter.",
    fix: "Correct what the message names and send it again.",
  }),
  context_invalid: row(400, "invalid_request_error", "invalid_request_error", "ValidationException", {
    when: "A word of the request's context has a value that it cannot have, or is not a word.",
    fix: "Correct the header or metadata entry that the message names.",
  }),
  context_overflow: row(400, "invalid_request_error", "invalid_request_error", "ValidationException", {
    when: "The prompt is longer than every allowed target takes.",
    fix: "Shorten the prompt, or allow a target with a larger context window.",
  }),
  unsupported_parameter: row(400, "invalid_request_error", "invalid_request_error", "ValidationException", {
    when: "The chosen target cannot express a parameter of the request.",
    fix: "Leave the parameter out, or choose a target that has it.",
  }),
  unauthenticated: row(401, "authentication_error", "authentication_error", "UnrecognizedClientException", {
    when: "No key, or one that Switchyard did not issue.",
    fix: "Send a Switchyard key (sy-…) as `Authorization: Bearer`, `x-api-key` or `api-key`.",
    bedrockStatus: 403,
  }),
  key_expired: row(401, "authentication_error", "authentication_error", "UnrecognizedClientException", {
    when: "The key's expiry has passed.",
    fix: "Ask for a new key.",
    bedrockStatus: 403,
  }),
  key_revoked: row(401, "authentication_error", "authentication_error", "UnrecognizedClientException", {
    when: "The key was revoked.",
    fix: "Ask for a new key.",
    bedrockStatus: 403,
  }),
  budget_exceeded: row(402, "insufficient_quota", "billing_error", "ServiceQuotaExceededException", {
    when: "The request may cost more than a budget that it touches has left.",
    fix: "Raise the budget, ask for less output, or wait for the next period.",
    bedrockStatus: 400,
    headers: { "x-should-retry": "false" },
  }),
  forbidden: row(403, "permission_error", "permission_error", "AccessDeniedException", {
    when: "The key may not do this: another tenant, a task or target outside its list, a pinned word.",
    fix: "Use a key that may, or have this key's rights changed.",
  }),
  policy_denied: row(403, "permission_error", "permission_error", "AccessDeniedException", {
    when: "A policy rule, or a target's data classes, exclude every target of the route.",
    fix: "Read the decision record for the rule; lower the request's sensitivity only if its data allows.",
  }),
  approval_required: row(403, "permission_error", "permission_error", "AccessDeniedException", {
    when: "A policy rule wants a person's approval first.",
    fix: "Ask for approval, then send the request again.",
  }),
  guard_blocked: row(403, "permission_error", "permission_error", "AccessDeniedException", {
    when: "A guard refused the request's or the reply's content.",
    fix: "Change the content that the message names.",
  }),
  unpriced: row(403, "permission_error", "permission_error", "AccessDeniedException", {
    when: "No price is known for what is asked: the target at this time, or a unit such as audio, images and tools that a provider charges by the call. An unknown price is never $0.",
    fix: "Give the target a price in the configuration; what has no price unit yet is not served.",
  }),
  model_not_found: row(404, "invalid_request_error", "not_found_error", "ResourceNotFoundException", {
    when: "The model is no task, target, alias or upstream model id that the key may use.",
    fix: "List what there is with GET /v1/models.",
  }),
  not_found: row(404, "invalid_request_error", "not_found_error", "ResourceNotFoundException", {
    when: "There is nothing at this address, or not with this method.",
    fix: "Check the base URL and the path, or the id in it.",
  }),
  idempotency_mismatch: row(409, "invalid_request_error", "invalid_request_error", "ConflictException", {
    when: "An idempotency key came again with another request.",
    fix: "Use a new idempotency key for a new request.",
  }),
  payload_too_large: row(413, "invalid_request_error", "request_too_large", "ValidationException", {
    when: "The body is longer than server.bodyLimit.",
    fix: "Send less, or raise server.bodyLimit.",
    bedrockStatus: 400,
  }),
  rate_limited: row(429, "rate_limit_error", "rate_limit_error", "ThrottlingException", {
    when: "A limit of this gateway, or the throttle of the last target left.",
    fix: "Wait as long as `retry-after` says, then send it again.",
    headers: { "retry-after": "1" },
  }),
  overloaded: row(429, "rate_limit_error", "overloaded_error", "ThrottlingException", {
    when: "More is under way than this gateway takes.",
    fix: "Wait as long as `retry-after` says, then send it again.",
    anthropicStatus: 529,
    headers: { "retry-after": "1" },
  }),
  internal: row(500, "server_error", "api_error", "InternalServerException", {
    when: "A fault in Switchyard itself.",
    fix: "Report it with the exchange's id; the log has the details.",
  }),
  upstream_error: row(502, "server_error", "api_error", "InternalServerException", {
    when: "The last target tried failed, cut the reply, or refused our credentials.",
    fix: "Send it again; if it stays, look at the target's provider. A fallback target would have served.",
    bedrockStatus: 500,
  }),
  no_target_available: row(503, "server_error", "overloaded_error", "ServiceUnavailableException", {
    when: "No target can serve now: none is up, or this gateway is shutting down.",
    fix: "Wait as long as `retry-after` says, then send it again.",
    anthropicStatus: 529,
    headers: { "retry-after": "5" },
  }),
  budget_unavailable: row(503, "server_error", "overloaded_error", "ServiceUnavailableException", {
    when: "The budget cannot be asked, and policy says to refuse then.",
    fix: "Wait as long as `retry-after` says, then send it again.",
    anthropicStatus: 529,
    headers: { "retry-after": "5" },
  }),
  database_unavailable: row(503, "server_error", "overloaded_error", "ServiceUnavailableException", {
    when: "The database does not answer. Exchanges go on and are recorded in the journal; what must be read cannot be.",
    fix: "Bring the database back; what waits is booked by itself.",
    anthropicStatus: 529,
    headers: { "retry-after": "5" },
  }),
  journal_full: row(503, "server_error", "overloaded_error", "ServiceUnavailableException", {
    when: "The journal cannot take another record, and what is not recorded is not served.",
    fix: "Free disk space, or bring the database back.",
    anthropicStatus: 529,
    headers: { "retry-after": "5" },
  }),
  upstream_timeout: row(504, "server_error", "timeout_error", "ModelTimeoutException", {
    when: "The last target tried did not answer within its timeouts.",
    fix: "Send it again, raise the target's timeouts, or add a fallback target.",
    bedrockStatus: 408,
  }),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** How one failure looks in each dialect, and what to do about it. */
export interface ErrorRow {
  /** HTTP status in the OpenAI dialect and everywhere else that has no own column. */
  readonly status: number;
  readonly openai: { readonly type: string };
  readonly anthropic: { readonly status: number; readonly type: string };
  readonly bedrock: { readonly status: number; readonly exception: string };
  readonly when: string;
  readonly fix: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface RowRest {
  readonly when: string;
  readonly fix: string;
  readonly anthropicStatus?: number;
  readonly bedrockStatus?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

function row(status: number, openai: string, anthropic: string, exception: string, rest: RowRest): ErrorRow {
  return {
    status,
    openai: { type: openai },
    anthropic: { status: rest.anthropicStatus ?? status, type: anthropic },
    bedrock: { status: rest.bedrockStatus ?? status, exception },
    when: rest.when,
    fix: rest.fix,
    headers: rest.headers ?? {},
  };
}

export interface AppErrorOptions {
  /** Facts for the record and the log: names and numbers, never prompt text, keys or tokens. */
  readonly details?: Readonly<Record<string, string | number>>;
  /** An upstream's own words. They may quote the prompt, so they go to the client alone and into no record. */
  readonly said?: string | undefined;
  /** Seconds after which a repeat may succeed; goes out as `retry-after`. */
  readonly retryAfterSeconds?: number;
  /** Whether the message itself says what to do, so that the code's general advice would only contradict it. */
  readonly advises?: boolean;
  readonly cause?: unknown;
}

/**
 * The only error that the program throws on purpose; anything else is a bug and leaves as `internal`.
 * It carries no stack: it says what the caller did, and floods of refusals must stay cheap.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string | number>>;
  readonly retryAfterSeconds: number | undefined;
  readonly said: string | undefined;
  readonly advises: boolean;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    Error.stackTraceLimit = limit;
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.said = options.said;
    this.advises = options.advises ?? false;
  }
}

/** Any thrown value as an AppError; what was not thrown on purpose becomes `internal` and tells the client nothing. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("internal", "an unexpected fault inside the gateway", { cause: error });
}
