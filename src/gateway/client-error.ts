import type http from "node:http";
import type net from "node:net";
import { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { markOverdue } from "./overdue.ts";
import { openAi } from "./dialects/openai/index.ts";

/** Connections that end with the reply under way. */
const DOOMED = new WeakSet<net.Socket>();

/** What cannot be parsed as HTTP at all is answered on the bare socket. */
export function onClientError(error: Error, socket: net.Socket): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") markOverdue(socket);
  // While the reply to an earlier request is under way, anything written here would be taken for a part of it: the
  // reply comes to its end, then the connection ends.
  const { _httpMessage: current } = socket as { _httpMessage?: http.ServerResponse | null };
  const isAnswering =
    current !== null && current !== undefined && (current.headersSent || current.req.complete);
  if (isAnswering) {
    if (!DOOMED.has(socket)) current.once("close", () => socket.destroySoon());
    DOOMED.add(socket);
    return;
  }
  if (code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, message] =
    code === "HPE_HEADER_OVERFLOW"
      ? ["431 Request Header Fields Too Large", "the request's headers are longer than 16 KiB"]
      : code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "the request was not complete within its deadline"]
        : ["400 Bad Request", "the request is not valid HTTP"];
  const { body } = openAi.errorReply(new AppError("invalid_request", message), newId(Date.now()));
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`,
    () => socket.destroySoon(),
  );
}
