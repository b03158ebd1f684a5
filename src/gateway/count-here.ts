import { chatTexts } from "../catalog/chat-tokens.ts";
import { tokenFamilyOf } from "../catalog/token-family.ts";
import type { ChatRequest } from "../core/chat.ts";
import type { CountSink, UpstreamHandle } from "../providers/provider.ts";
import type { CountTokens } from "./estimate-usage.ts";

/** A client that only wants a number waits a while for it. */
const PATIENCE_MS = 5_000;

/** Counts the tokens of a request with our own tokenizers, where its target has no counter. Nothing is sent. */
export function countHere(
  chat: ChatRequest,
  model: string,
  count: CountTokens,
  sink: CountSink,
): UpstreamHandle {
  const abort = new AbortController();
  void countTo(chat, model, count, sink, abort.signal);
  return { cancel: () => abort.abort(), pause() {}, resume() {}, sent: false };
}

async function countTo(
  chat: ChatRequest,
  model: string,
  count: CountTokens,
  sink: CountSink,
  signal: AbortSignal,
): Promise<void> {
  try {
    const family = tokenFamilyOf(model);
    const { texts, added, certain } = chatTexts(chat, family);
    const counts = await count(texts, PATIENCE_MS, family);
    if (signal.aborted) return;
    sink.whole(
      counts.reduce((sum, tokens) => sum + tokens, added),
      certain,
    );
  } catch (error) {
    sink.fail({ kind: "protocol", message: "the tokens could not be counted", bug: error });
  }
}
