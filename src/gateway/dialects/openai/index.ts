import type { ClientDialect } from "../dialect.ts";
import { isOpenAiError, openAiErrorEvent, openAiErrorReply } from "./errors.ts";
import { holdsMedia } from "./holds-media.ts";
import { readOpenAiEmbeddings, writeOpenAiEmbeddings } from "./embeddings.ts";
import { readOpenAiChat } from "./read-chat.ts";
import { parseOpenAiRequest } from "./request.ts";
import { replyText, requestText } from "./texts.ts";
import { openAiChatWriter } from "./write-chat.ts";

export const openAi: ClientDialect = {
  id: "openai",
  parse: parseOpenAiRequest,
  errorReply: openAiErrorReply,
  errorEvent: openAiErrorEvent,
  isError: isOpenAiError,
  readChat: ({ bytes }) => readOpenAiChat(bytes),
  chatWriter: openAiChatWriter,
  embeddings: {
    read: ({ bytes }) => readOpenAiEmbeddings(bytes),
    write: writeOpenAiEmbeddings,
  },
  requestText,
  replyText,
  holdsMedia,
  streamHeaders: { "content-type": "text/event-stream; charset=utf-8" },
  keepAliveComment: Buffer.from(": waiting for the model\n\n"),
};
