import type { ClientDialect } from "../dialect.ts";
import { readCountTokens, writeTokenCount } from "./count.ts";
import { bedrockErrorEvent, bedrockErrorReply, isBedrockError } from "./errors.ts";
import { holdsMedia } from "./holds-media.ts";
import { readConverse } from "./read-chat.ts";
import { InvokeWriter } from "./invoke-writer.ts";
import { readInvoke } from "./read-invoke.ts";
import { parseBedrockRequest } from "./request.ts";
import { converseReplyText, converseTexts } from "./texts.ts";
import { converseWriter } from "./write-chat.ts";

/** Amazon Bedrock's runtime API, so that an AWS SDK works with its endpoint overridden. */
export const bedrock: ClientDialect = {
  id: "bedrock",
  parse: parseBedrockRequest,
  errorReply: bedrockErrorReply,
  errorEvent: bedrockErrorEvent,
  isError: isBedrockError,
  readChat: (request) => (request.operation === "invoke" ? readInvoke(request) : readConverse(request.bytes)),
  chatWriter: (facts) =>
    facts.request?.operation === "invoke" ? new InvokeWriter(facts) : converseWriter(facts),
  count: { read: readCountTokens, write: writeTokenCount },
  requestText: converseTexts,
  replyText: converseReplyText,
  holdsMedia,
  // SDKs take it for the request's id.
  replyHeaders: (exchangeId) => ({ "x-amzn-requestid": exchangeId }),
  streamHeaders: { "content-type": "application/vnd.amazon.eventstream" },
};
