import type { Dispatcher } from "undici";
import { Secrets } from "../http/secrets.ts";
import { Upstream } from "../http/upstream.ts";
import { text, UpstreamReply, type ReplyReading } from "../http/upstream-reply.ts";
import type { Call, UpstreamHandle } from "../provider.ts";
import { bearerAuthoriser, signingAuthoriser, type Authoriser, type Unsigned } from "./auth.ts";
import { Credentials, type CredentialOptions } from "./credentials.ts";
import { readError } from "./read-error.ts";

/** For what is asked in nobody's name. */
const OURSELVES = "switchyard";

/** One of AWS's services in one region, as it is asked. */
export interface AwsService extends CredentialOptions {
  /** As it stands in signatures. */
  readonly service: string;
  /** Scheme, host and what stands before every path. */
  readonly address: string;
  /** An API key of the service; without one requests are signed. */
  readonly apiKey: string | undefined;
  /** Connections at most. */
  readonly connections: number;
}

/** A service of AWS: authorises requests and sends them. There is one retry policy, and it is not here. */
export class AwsRuntime {
  /** What no client may ever read, even where the service repeats it. Secrets that sign are never sent. */
  readonly secrets: Secrets;
  /** Before every path. */
  readonly prefix: string;
  readonly #upstream: Upstream;
  readonly #authoriser: Authoriser;

  constructor(options: AwsService) {
    const { service, region } = options;
    const base = new URL(options.address);
    this.prefix = base.pathname.replace(/\/$/, "");
    this.secrets = new Secrets(options.apiKey);
    this.#upstream = new Upstream(base.origin, options.connections);
    this.#authoriser =
      options.apiKey === undefined
        ? signingAuthoriser(new Credentials(options), { service, region, host: base.host })
        : bearerAuthoriser(options.apiKey);
  }

  /** Sends a call; what is read of the reply tells the sink. */
  send(
    call: Pick<Call, "connectTimeoutMs" | "labels">,
    unsigned: Unsigned,
    reading: ReplyReading,
  ): UpstreamHandle {
    const tenant = call.labels.tenant || OURSELVES;
    const authoriser = this.#authoriser;
    const reply = new UpstreamReply(watched(reading, () => authoriser.refused(tenant)));
    const authorised = authoriser.authorise(withDefaults(unsigned), tenant);
    if (authorised instanceof Promise) {
      authorised.then(
        (headers) => this.#dispatch(call.connectTimeoutMs, unsigned, headers, reply),
        (error: unknown) =>
          reply.abandon({ kind: "credentials", message: noCredentials(error), detail: detailOf(error) }),
      );
    } else this.#dispatch(call.connectTimeoutMs, unsigned, authorised, reply);
    return reply;
  }

  close(): Promise<void> {
    return this.#upstream.close();
  }

  #dispatch(
    connectTimeoutMs: number,
    { method, path, body }: Unsigned,
    headers: Record<string, string>,
    reply: UpstreamReply,
  ): void {
    const request: Dispatcher.DispatchOptions = { method, path, headers, body: body ?? null };
    this.#upstream.send(connectTimeoutMs, request, reply);
  }
}

/** What says that credentials are no good any more; a role that may not do something is still good for the rest. */
const WORN_OUT: ReadonlySet<string> = new Set([
  "ExpiredTokenException",
  "ExpiredToken",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "InvalidClientTokenId",
]);

/** @param refused  told where the service takes our credentials no more */
function watched(reading: ReplyReading, refused: () => void): ReplyReading {
  return {
    alive: () => reading.alive(),
    stream: (contentType, headers) => reading.stream(contentType, headers),
    answer: (status, headers, body) => reading.answer(status, headers, body),
    refuse(status, headers, body) {
      const { type } = readError(text(headers["x-amzn-errortype"]), body);
      if (WORN_OUT.has(type)) refused();
      reading.refuse(status, headers, body);
    },
    fail: (failure) => reading.fail(failure),
  };
}

function withDefaults(unsigned: Unsigned): Unsigned {
  return {
    ...unsigned,
    headers: { "accept-encoding": "identity", "user-agent": "switchyard", ...unsigned.headers },
  };
}

function detailOf(error: unknown): string {
  return `${error instanceof Error ? error.message : "no reason given"}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, a role of this machine, or the provider's apiKey`;
}

/** The error's class and no more: its message may name files and roles. */
function noCredentials(error: unknown): string {
  const name = error instanceof Error ? error.name : "error";
  return `no AWS credentials could be had (${name})`;
}
