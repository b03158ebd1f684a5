import type { ClientDialect } from "../dialect.ts";
import { isOpenAiError, openAiErrorReply } from "../openai/errors.ts";
import { responsesErrorEvent } from "./errors.ts";
import { mayHoldMedia } from "./holds-media.ts";
import { readResponsesChat, readResponsesCount } from "./read-chat.ts";
import { parseResponsesRequest } from "./request.ts";
import { responsesReplyText, responsesRequestText } from "./texts.ts";
import { ResponsesWriter } from "./write-chat.ts";

/**
 * OpenAI's Responses API. https://platform.openai.com/docs/api-reference/responses
 *
 * @param sealKey  32 bytes, the same on every node: under it a model's thoughts travel by way of the client
 */
export function responsesDialect(sealKey: Buffer): ClientDialect {
  return {
    id: "responses",
    parse: parseResponsesRequest,
    errorReply: openAiErrorReply,
    errorEvent: responsesErrorEvent,
    isError: isOpenAiError,
    readChat: ({ bytes }) => readResponsesChat(bytes, sealKey),
    chatWriter: (facts) => new ResponsesWriter(facts, sealKey),
    count: {
      read: ({ bytes }) => readResponsesCount(bytes, sealKey),
      // https://platform.openai.com/docs/api-reference/responses/input-tokens
      write: (inputTokens) =>
        Buffer.from(JSON.stringify({ object: "response.input_tokens", input_tokens: inputTokens })),
    },
    requestText: responsesRequestText,
    replyText: responsesReplyText,
    holdsMedia: mayHoldMedia,
    streamHeaders: { "content-type": "text/event-stream; charset=utf-8" },
    keepAliveComment: Buffer.from(": waiting for the model\n\n"),
  };
}
