import type { ClientDialect } from "../dialect.ts";
import { openAiErrorEvent, openAiErrorReply } from "./errors.ts";
import { parseOpenAiRequest } from "./request.ts";

export const openAi: ClientDialect = {
  id: "openai",
  parse: parseOpenAiRequest,
  errorReply: openAiErrorReply,
  errorEvent: openAiErrorEvent,
  keepAliveComment: Buffer.from(": waiting for the model\n\n"),
};
