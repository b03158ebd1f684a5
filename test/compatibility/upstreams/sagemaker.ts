import { writeFrame } from "../../../src/core/event-stream.ts";
import { readAuthorization, verifySignature } from "../../../src/core/sigv4.ts";
import { PAIR, REGION } from "../../sagemaker/endpoint.ts";
import type { Api, ErrorReply } from "./api.ts";
import type { Failure } from "./model.ts";

/** Bytes of a part: lines and characters are cut wherever it falls. */
const PART = 113;

type Container = Omit<Api, "paths" | "admits">;

/** A container behind SageMaker's runtime. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html */
export function sageMaker(endpoint: string, container: Container): Api {
  return {
    ...container,
    paths: new RegExp(`^/endpoints/${endpoint}/invocations(-response-stream)?$`),
    admits: isSigned,
    pieces: (answer, asked) =>
      container.pieces(answer, asked).flatMap((piece) => cut(Buffer.from(piece)).map(framed)),
    beforeBreak: 8,
    streamType: "application/vnd.amazon.eventstream",
    error: (failure, said) => wrapped(failure, container.error(failure, said)),
    streamError: () => framed(Buffer.from(container.streamError())),
  };
}

const isSigned: Api["admits"] = ({ path: url, headers, bytes: body }) => {
  const by = readAuthorization(headers.authorization ?? "");
  if (by === undefined || by.service !== "sagemaker" || by.region !== REGION) return false;
  const signed = { method: "POST", url, headers, body };
  return verifySignature(signed, by, PAIR.secretAccessKey, Date.now()) === undefined;
};

function cut(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PART) parts.push(bytes.subarray(at, at + PART));
  return parts;
}

function framed(bytes: Buffer): Buffer {
  return writeFrame(
    { ":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event" },
    bytes,
  );
}

/** What SageMaker says itself; all else is the container's. */
const OWN: { readonly [failure in Failure]?: readonly [status: number, type: string, message: string] } = {
  authentication: [403, "InvalidSignatureException", "The request signature does not match."],
  permission: [
    403,
    "AccessDeniedException",
    "The role is not authorized to perform: sagemaker:InvokeEndpoint",
  ],
  "not-found": [400, "ValidationError", "Endpoint chat-ep of account 123456789012 not found."],
  "rate-limit": [400, "ThrottlingException", "Rate exceeded"],
  overloaded: [503, "ServiceUnavailable", "The service is currently unavailable."],
};

function wrapped(failure: Failure, { status, body }: ErrorReply): ErrorReply {
  const own = OWN[failure];
  if (own !== undefined) {
    const [code, type, message] = own;
    return { status: code, headers: { "x-amzn-errortype": type }, body: { Message: message } };
  }
  return {
    status: 424,
    headers: { "x-amzn-errortype": "ModelError" },
    body: {
      ErrorCode: status >= 500 ? "SERVER_ERROR_FROM_MODEL" : "CLIENT_ERROR_FROM_MODEL",
      LogStreamArn: "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/chat",
      Message: `Received error (${status}) from primary`,
      OriginalMessage: JSON.stringify(body),
      OriginalStatusCode: status,
    },
  };
}
