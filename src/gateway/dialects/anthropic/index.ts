import type { ClientDialect } from "../dialect.ts";
import { anthropicErrorEvent, anthropicErrorReply, isAnthropicError } from "./errors.ts";
import { holdsMedia } from "./holds-media.ts";
import { readAnthropicChat, readAnthropicCount } from "./read-chat.ts";
import { parseAnthropicRequest } from "./request.ts";
import { replyText, requestText } from "./texts.ts";
import { anthropicWriter } from "./write-chat.ts";

/** Anthropic's Messages API, so that its SDKs work with their base URL changed. https://platform.claude.com/docs/en/api/messages */
export const anthropic: ClientDialect = {
  id: "anthropic",
  parse: parseAnthropicRequest,
  errorReply: anthropicErrorReply,
  errorEvent: anthropicErrorEvent,
  isError: isAnthropicError,
  readChat: ({ bytes }) => readAnthropicChat(bytes),
  chatWriter: anthropicWriter,
  count: {
    read: ({ bytes }) => readAnthropicCount(bytes),
    write: (inputTokens) => Buffer.from(`{"input_tokens":${inputTokens}}`),
  },
  requestText,
  replyText,
  holdsMedia,
  // SDKs take it for the request's id.
  replyHeaders: (exchangeId) => ({ "request-id": exchangeId }),
  streamHeaders: { "content-type": "text/event-stream; charset=utf-8" },
  // The API's own: SDKs skip it wherever it stands, also before the message begins.
  keepAliveComment: Buffer.from('event: ping\ndata: {"type": "ping"}\n\n'),
};
