import type { Json } from "./json.ts";

/** The service's exceptions with the status that each has on the wire. */
export const EXCEPTIONS = {
  AccessDeniedException: 403,
  ConflictException: 400,
  ExpiredTokenException: 403,
  IncompleteSignatureException: 403,
  InternalServerException: 500,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  ModelErrorException: 424,
  ModelNotReadyException: 429,
  ModelStreamErrorException: 424,
  ModelTimeoutException: 408,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  ServiceQuotaExceededException: 400,
  ServiceUnavailableException: 503,
  ThrottlingException: 429,
  UnrecognizedClientException: 403,
  ValidationException: 400,
} as const;

export type ExceptionType = keyof typeof EXCEPTIONS;

/** A refusal as the service words it; the only error thrown on purpose in this folder. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly type: ExceptionType;
  readonly status: number;
  /** Members beside `message`. */
  readonly members: Readonly<Record<string, Json>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    type: ExceptionType,
    message: string,
    more: { members?: Record<string, Json>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.type = type;
    this.status = EXCEPTIONS[type];
    this.members = more.members ?? {};
    this.headers = more.headers ?? {};
  }
}

/** The commonest of them. */
export function invalid(message: string): ServiceError {
  return new ServiceError("ValidationException", message);
}

/** How Converse passes on what a model's own front says; InvokeModel passes it on bare. */
export const FROM_MODEL = "The model returned the following errors: ";
