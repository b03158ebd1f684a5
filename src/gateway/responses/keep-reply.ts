import { AppError } from "../../core/errors.ts";
import type { WireRequest } from "../../core/wire.ts";
import { finalResponse } from "../dialects/responses/history.ts";
import type { Exchange } from "../exchange.ts";
import { ReplyKeeper } from "./reply-keeper.ts";
import { editRequest, valueOf } from "./request-members.ts";
import type { ResponseStore } from "./stored-response.ts";

/**
 * Sees to it that the reply is kept, where the client and the configuration allow; else the request goes on with
 * `store: false`.
 *
 * @param input  the request's own items
 * @throws AppError unsupported_parameter where the client asks for what the configuration forbids
 */
export function keepReply(
  exchange: Exchange,
  request: WireRequest,
  input: readonly unknown[],
  store: ResponseStore,
): void {
  if (!mayKeep(exchange, request)) {
    if (valueOf(request, "store") !== false) editRequest(exchange, request, new Map([["store", "false"]]));
    return;
  }
  const keeper = new ReplyKeeper(request.stream);
  exchange.taps.push((bytes) => keeper.push(bytes));
  exchange.beforeRecord.push(async () => {
    const bytes = exchange.status === "answered" ? keeper.bytes : undefined;
    const response = bytes === undefined ? undefined : finalResponse(bytes, request.stream);
    if (response === undefined) return;
    await store.keep({
      tenant: exchange.context?.tenant ?? "",
      id: response.id,
      previousId: exchange.previousResponse,
      createdAtMs: exchange.startedAtMs,
      sensitivity: exchange.context?.sensitivity ?? "restricted",
      input: JSON.stringify(input),
      body: response.body,
    });
  });
}

/** The API keeps a reply unless the client says not to. */
function mayKeep({ snapshot, context }: Exchange, request: WireRequest): boolean {
  const wanted = valueOf(request, "store");
  if (wanted === false) return false;
  const { store, dataClasses } = snapshot.config.responses;
  const sensitivity = context?.sensitivity ?? "restricted";
  const why = !store
    ? "responses.store is off in this gateway's configuration"
    : dataClasses.includes(sensitivity)
      ? undefined
      : `this gateway keeps no ${sensitivity} responses`;
  if (why !== undefined && wanted === true)
    throw new AppError("unsupported_parameter", `store: ${why}; send store: false and the whole input`, {
      advises: true,
    });
  return why === undefined;
}
