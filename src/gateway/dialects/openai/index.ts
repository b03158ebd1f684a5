import type { ClientDialect } from "../dialect.ts";
import { openAiErrorEvent, openAiErrorReply } from "./errors.ts";
import { parseOpenAiRequest } from "./request.ts";
import { replyText, requestText } from "./texts.ts";

export const openAi: ClientDialect = {
  id: "openai",
  parse: parseOpenAiRequest,
  errorReply: openAiErrorReply,
  errorEvent: openAiErrorEvent,
  requestText,
  replyText,
  keepAliveComment: Buffer.from(": waiting for the model\n\n"),
};
