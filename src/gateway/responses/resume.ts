import { moreSensitive, type Sensitivity } from "../../core/context.ts";
import { AppError } from "../../core/errors.ts";
import { brief } from "../../core/text.ts";
import type { WireRequest } from "../../core/wire.ts";
import { inputItems, outputAsInput } from "../dialects/responses/history.ts";
import { isAbsent } from "../dialects/fields.ts";
import type { Exchange } from "../exchange.ts";
import type { Stage } from "../pipeline.ts";
import { conversationTooLong, MOST_CONVERSATION_BYTES } from "./conversation-limit.ts";
import { keepReply } from "./keep-reply.ts";
import { editRequest, idMember, valueOf } from "./request-members.ts";
import type { ResponseStore, StoredItem, StoredResponse } from "./stored-response.ts";

/**
 * What the Responses API keeps between requests: puts the conversation behind `previous_response_id` before the input, and
 * items in the place of references to them, so that every target can answer; and sees to it that the reply is kept.
 * https://platform.openai.com/docs/guides/conversation-state
 */
export function resumeResponse(store: ResponseStore): Stage {
  return (exchange) => {
    const { request, operation } = exchange;
    if (request?.dialect !== "responses") return;
    const previous = idMember(request, "previous_response_id");
    const own = inputItems(valueOf(request, "input"));
    const isWhole = previous === undefined && !own.some((item) => referenceOf(item) !== undefined);
    if (!isWhole) return resume(exchange, request, { previous, own }, store);
    if (operation === "chat") keepReply(exchange, request, own, store);
  };
}

interface Wanted {
  readonly previous: string | undefined;
  /** The request's own items. */
  readonly own: readonly unknown[];
}

async function resume(
  exchange: Exchange,
  request: WireRequest,
  { previous, own }: Wanted,
  store: ResponseStore,
): Promise<void> {
  const tenant = exchange.context?.tenant ?? "";
  const turns =
    previous === undefined
      ? []
      : await turnsBefore(store, tenant, previous, exchange.snapshot.config.responses.store);
  const items = [...turns.flatMap(itemsOf), ...own];
  // Each turn is kept as it came, so that what it refers to is not kept again with each.
  const named = items.flatMap((item) => referenceOf(item) ?? []);
  const known = named.length === 0 ? NO_ITEMS : await answerOf(store.items(tenant, [...new Set(named)]));
  refuseTooLong(turns, named, known);
  beAsSecret(exchange, [...turns, ...known.values()]);
  exchange.previousResponse = previous;
  editRequest(
    exchange,
    request,
    new Map([
      ["previous_response_id", undefined],
      ["input", JSON.stringify(items.map((item) => resolved(item, known)))],
    ]),
  );
  if (exchange.operation === "chat") keepReply(exchange, exchange.request ?? request, own, store);
}

/** What goes on from something secret is as secret, whatever it says of itself: targets, rules and keeping go by it. */
function beAsSecret(exchange: Exchange, kept: readonly { readonly sensitivity: Sensitivity }[]): void {
  const { context } = exchange;
  if (context === undefined) return;
  const highest = kept.reduce(
    (most, { sensitivity }) => moreSensitive(most, sensitivity),
    context.sensitivity,
  );
  if (highest !== context.sensitivity) exchange.context = { ...context, sensitivity: highest };
}

async function turnsBefore(
  store: ResponseStore,
  tenant: string,
  previous: string,
  keepsAny: boolean,
): Promise<readonly StoredResponse[]> {
  const turns = await answerOf(store.chain(tenant, previous));
  if (turns !== undefined) return turns;
  const why = keepsAny
    ? `there is no response "${brief(previous)}", or one before it is gone`
    : "this gateway keeps no responses (responses.store is off in its configuration)";
  throw new AppError(
    "invalid_request",
    `previous_response_id: ${why}; send the whole conversation as input`,
    { advises: true },
  );
}

async function answerOf<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("database_unavailable", "the conversation before this request cannot be read now", {
      cause: error,
    });
  }
}

/** @throws AppError context_overflow */
function refuseTooLong(
  turns: readonly StoredResponse[],
  named: readonly string[],
  known: ReadonlyMap<string, StoredItem>,
): void {
  const lengths = new Map([...known].map(([id, { item }]) => [id, JSON.stringify(item).length]));
  let length = 0;
  for (const { input, body } of turns) length += input.length + body.length;
  // One item may be named many times.
  for (const id of named) length += lengths.get(id) ?? 0;
  if (length > MOST_CONVERSATION_BYTES) throw conversationTooLong();
}

/** What a turn adds to the conversation: what was said to the model, and what it said. */
function itemsOf({ input, body }: StoredResponse): unknown[] {
  const { output } = JSON.parse(body) as { output?: unknown };
  return [...(JSON.parse(input) as unknown[]), ...(Array.isArray(output) ? outputAsInput(output) : [])];
}

const NO_ITEMS: ReadonlyMap<string, StoredItem> = new Map();

/**
 * What an item refers to, as some SDKs do where replies are kept; it may leave its type out. Upstreams must never see one: the
 * account there is ours, and whatever else is kept in it is not the client's.
 * https://platform.openai.com/docs/api-reference/responses/create#responses_create-input
 */
function referenceOf(item: unknown): string | undefined {
  const { type, id, role } = (item ?? {}) as Readonly<Record<string, unknown>>;
  const isReference = type === "item_reference" || (isAbsent(type) && isAbsent(role));
  return isReference && typeof id === "string" ? id : undefined;
}

function resolved(item: unknown, known: ReadonlyMap<string, StoredItem>): unknown {
  const id = referenceOf(item);
  if (id === undefined) return item;
  const found = known.get(id);
  if (found !== undefined) return found.item;
  throw new AppError(
    "invalid_request",
    `input: there is no item "${brief(id)}"; replies are kept only with store, so send the item itself`,
  );
}
