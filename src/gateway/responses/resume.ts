import { AppError } from "../../core/errors.ts";
import { brief } from "../../core/text.ts";
import type { WireRequest } from "../../core/wire.ts";
import { inputItems, outputAsInput } from "../dialects/responses/history.ts";
import type { Exchange } from "../exchange.ts";
import type { Stage } from "../pipeline.ts";
import { conversationTooLong, MOST_CONVERSATION_BYTES } from "./conversation-limit.ts";
import { keepReply, type Kept } from "./keep-reply.ts";
import { editRequest, idMember, valueOf } from "./request-members.ts";
import type { ResponseStore, StoredResponse } from "./stored-response.ts";

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
    const kept = operation === "chat" ? keepReply(exchange, request, previous, store) : undefined;
    const named = namedItems(request);
    if (previous === undefined && named.length === 0) return;
    return resume(exchange, { previous, named, kept }, store);
  };
}

interface Wanted {
  readonly previous: string | undefined;
  /** Ids of items that the input refers to. */
  readonly named: readonly string[];
  readonly kept: Kept | undefined;
}

async function resume(
  exchange: Exchange,
  { previous, named, kept }: Wanted,
  store: ResponseStore,
): Promise<void> {
  const tenant = exchange.context?.tenant ?? "";
  const turns = previous === undefined ? [] : await turnsBefore(store, tenant, previous);
  const known = named.length === 0 ? NO_ITEMS : await answerOf(store.items(tenant, named));
  refuseTooLong(turns, named, known);
  const { request } = exchange;
  if (request === undefined) return;
  const own = inputItems(valueOf(request, "input")).map((item) => resolved(item, known));
  if (kept !== undefined) kept.input = own;
  exchange.previousResponse = previous;
  editRequest(
    exchange,
    request,
    new Map([
      ["previous_response_id", undefined],
      ["input", JSON.stringify([...turns.flatMap(itemsOf), ...own])],
    ]),
  );
}

async function turnsBefore(
  store: ResponseStore,
  tenant: string,
  previous: string,
): Promise<readonly StoredResponse[]> {
  const turns = await answerOf(store.chain(tenant, previous));
  if (turns !== undefined) return turns;
  throw new AppError(
    "invalid_request",
    `previous_response_id: there is no response "${brief(previous)}", or one before it is gone; send the whole conversation as input`,
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
  known: ReadonlyMap<string, unknown>,
): void {
  const lengths = new Map([...known].map(([id, item]) => [id, JSON.stringify(item).length]));
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

const REFERENCE = Buffer.from("item_reference");
const NO_ITEMS: ReadonlyMap<string, unknown> = new Map();

/** Ids of items that the input refers to instead of repeating them, as some SDKs do where replies are kept. */
function namedItems(request: WireRequest): readonly string[] {
  if (!request.bytes.includes(REFERENCE)) return [];
  return inputItems(valueOf(request, "input")).flatMap((item) => referenceOf(item) ?? []);
}

function referenceOf(item: unknown): string | undefined {
  const { type, id } = (item ?? {}) as { readonly type?: unknown; readonly id?: unknown };
  return type === "item_reference" && typeof id === "string" ? id : undefined;
}

function resolved(item: unknown, known: ReadonlyMap<string, unknown>): unknown {
  const id = referenceOf(item);
  if (id === undefined) return item;
  const found = known.get(id);
  if (found !== undefined) return found;
  throw new AppError(
    "invalid_request",
    `input: there is no item "${brief(id)}"; replies are kept only with store, so send the item itself`,
  );
}
