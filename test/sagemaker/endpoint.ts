import type http from "node:http";
import { writeFrame } from "../../src/core/event-stream.ts";
import { readAuthorization, verifySignature } from "../../src/core/sigv4.ts";
import { Engine, plain, type Script, type Seen } from "../support/engine.ts";

/**
 * A small SageMaker runtime over a real socket: it verifies who asks and where to, and then does what a test says. What a
 * container would answer is in the scripts.
 */

/** What it verifies signatures with. */
export const PAIR = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/EXAMPLEKEY",
};
/** What opens the OpenAI path. */
export const API_KEY = "sagemaker-api-key-c2VjcmV0OmNhbmFyeQ==";
export const REGION = "us-east-1";

/** Gives this process the credentials; the standard chain looks into the environment first. */
export function useCredentials(): void {
  process.env["AWS_ACCESS_KEY_ID"] = PAIR.accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = PAIR.secretAccessKey;
  delete process.env["AWS_SESSION_TOKEN"];
}

const PATH =
  /^\/endpoints\/([\w-]+)(?:\/inference-components\/([\w-]+))?\/(invocations|invocations-response-stream|openai\/v1\/chat\/completions)$/;

/** Starts it; the upstream's address is `url`. */
export async function startEndpoint(script: Script): Promise<Engine & { readonly base: string }> {
  const engine = await Engine.start(guarded(script));
  return Object.assign(engine, { base: `http://127.0.0.1:${engine.port}` });
}

/** Lets only those in who may ask, for what there is. */
export function guarded(script: Script): Script {
  return (request, response) => {
    const path = PATH.exec(request.path);
    if (path === null) return exception(response, 404, "UnknownOperationException", "");
    const isOpenAiPath = path[3]?.startsWith("openai") === true;
    const fault = authFault(request, isOpenAiPath);
    if (fault !== undefined) return exception(response, 403, fault, "The request is not authorised.");
    return script(request, response);
  };
}

/** What is asked, as a path and a header say it. */
export function addressed(request: Seen): {
  endpoint: string;
  component: string | undefined;
  stream: boolean;
} {
  const [, endpoint = "", component, operation] = PATH.exec(request.path) ?? [];
  const header = request.headers["x-amzn-sagemaker-inference-component"];
  return {
    endpoint,
    component: component ?? (typeof header === "string" ? header : undefined),
    stream: operation === "invocations-response-stream",
  };
}

function authFault(request: Seen, isOpenAiPath: boolean): string | undefined {
  const authorization = request.headers.authorization ?? "";
  if (authorization.startsWith("Bearer "))
    return isOpenAiPath && authorization === `Bearer ${API_KEY}` ? undefined : "AccessDeniedException";
  const by = readAuthorization(authorization);
  if (by === undefined) return "MissingAuthenticationTokenException";
  if (by.accessKeyId !== PAIR.accessKeyId) return "UnrecognizedClientException";
  if (by.service !== "sagemaker" || by.region !== REGION) return "InvalidSignatureException";
  const { path: url, headers, raw: body } = request;
  const signed = { method: "POST", url, headers, body };
  return verifySignature(signed, by, PAIR.secretAccessKey, Date.now()) && "InvalidSignatureException";
}

/** A part of a container's reply, as SageMaker frames it. */
export function part(bytes: Buffer | string): Buffer {
  return writeFrame(
    { ":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event" },
    bytes,
  );
}

/** An exception in mid-stream. */
export function streamException(type: string, payload: object): Buffer {
  return writeFrame(
    { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" },
    JSON.stringify(payload),
  );
}

export function openStream(response: http.ServerResponse): void {
  response.writeHead(200, {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amzn-sagemaker-content-type": "application/octet-stream",
    "x-amzn-invoked-production-variant": "AllTraffic",
  });
}

/** A container's streamed reply, in parts. */
export function streaming(parts: readonly (Buffer | string)[]): Script {
  return (_request, response) => {
    openStream(response);
    for (const bytes of parts) response.write(part(bytes));
    response.end();
  };
}

/** A plain or a streamed reply, as asked. */
export function answering(whole: string, parts: readonly (Buffer | string)[]): Script {
  return (request, response) => {
    if (addressed(request).stream) return streaming(parts)(request, response);
    plain(response, 200, whole);
  };
}

/** A refusal of SageMaker itself. */
export function refusing(
  status: number,
  type: string,
  message: string,
  headers: http.OutgoingHttpHeaders = {},
): Script {
  return (_request, response) => exception(response, status, type, message, headers);
}

/** A refusal of the container, as SageMaker wraps it. */
export function modelError(status: number, original: string): Script {
  const body = {
    ErrorCode: status >= 500 ? "SERVER_ERROR_FROM_MODEL" : "CLIENT_ERROR_FROM_MODEL",
    LogStreamArn: "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/chat",
    Message: `Received ${status >= 500 || status === 0 ? "server" : "client"} error (${status}) from primary with message "${original}". See the logs in account 123456789012 for more information.`,
    OriginalMessage: original,
    OriginalStatusCode: status,
  };
  return (_request, response) =>
    plain(response, 424, JSON.stringify(body), { "x-amzn-errortype": "ModelError" });
}

export const NO_CAPACITY =
  "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress (if configured) or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API.";

/** Scaled to zero: the first requests find nobody, and wake it. */
export function coldFor(requests: number, warm: Script): Script {
  let left = requests;
  return (request, response) =>
    left-- > 0 ? exception(response, 400, "ValidationError", NO_CAPACITY) : warm(request, response);
}

function exception(
  response: http.ServerResponse,
  status: number,
  type: string,
  message: string,
  headers: http.OutgoingHttpHeaders = {},
): void {
  plain(response, status, JSON.stringify({ Message: message }), { "x-amzn-errortype": type, ...headers });
}

/** A text in pieces of so many bytes: lines and characters are cut wherever it falls. */
export function pieces(text: string, bytes: number): Buffer[] {
  const whole = Buffer.from(text);
  const cut: Buffer[] = [];
  for (let at = 0; at < whole.length; at += bytes) cut.push(whole.subarray(at, at + bytes));
  return cut;
}
