import { AppError } from "../../../core/errors.ts";
import { brief } from "../../../core/text.ts";
import type { Operation } from "../../../core/wire.ts";
import { MAX_MODEL_LENGTH, type ExchangeKind } from "../../routes.ts";
import { bedrock } from "./index.ts";

const START = "/model/";

interface Called {
  readonly operation: Operation;
  readonly stream: boolean;
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html */
const OPERATIONS: Readonly<Record<string, Called>> = {
  converse: { operation: "chat", stream: false },
  "converse-stream": { operation: "chat", stream: true },
  invoke: { operation: "invoke", stream: false },
  "invoke-with-response-stream": { operation: "invoke", stream: true },
  "count-tokens": { operation: "count-tokens", stream: false },
};

/**
 * What `/model/{modelId}/{operation}` asks for. The model may be an ARN, with or without its slashes encoded.
 *
 * @param url  path and query as they came
 * @throws AppError not_found, or invalid_request where the model's encoding is broken
 */
export function bedrockAddress(url: string): ExchangeKind {
  const [path = ""] = url.split("?");
  const end = path.lastIndexOf("/");
  const called = OPERATIONS[path.slice(end + 1)];
  const encoded = path.slice(START.length, end);
  if (called === undefined || !Object.hasOwn(OPERATIONS, path.slice(end + 1)) || encoded === "") {
    throw new AppError(
      "not_found",
      `there is no operation at ${brief(path)}; there are ${Object.keys(OPERATIONS).join(", ")} below /model/{modelId}`,
    );
  }
  return {
    dialect: bedrock,
    operation: called.operation,
    address: { model: decoded(encoded), stream: called.stream },
  };
}

function decoded(encoded: string): string {
  let model: string;
  try {
    model = decodeURIComponent(encoded);
  } catch {
    throw new AppError(
      "invalid_request",
      `the model id "${brief(encoded)}" is not percent-encoded as it should be`,
    );
  }
  if (model.length > MAX_MODEL_LENGTH)
    throw new AppError("invalid_request", `the model id is longer than ${MAX_MODEL_LENGTH} characters`);
  return model;
}
