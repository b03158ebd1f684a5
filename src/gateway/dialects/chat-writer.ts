import type { ChatEvent, ChatReply } from "../../core/chat.ts";
import type { WireRequest } from "../../core/wire.ts";

/** Writes one reply in a client's dialect, from the form that is in none. One for each reply; it remembers where it is. */
export interface ChatWriter {
  /** The body of a plain reply. */
  whole(reply: ChatReply): Buffer;
  /** What the client is to see of a piece of a stream; undefined where that is nothing. */
  event(event: ChatEvent): Buffer | undefined;
  /** What closes the stream, after its `stop` and its `usage`. */
  end(): Buffer;
}

/** What a writer must know of the exchange. */
export interface ReplyFacts {
  readonly exchangeId: string;
  /** As the client called it. */
  readonly model: string;
  readonly startedAtMs: number;
  /** Whether the client asked for the usage at the end of a stream. */
  readonly includeUsage: boolean;
  /** For dialects whose replies repeat it. */
  readonly request?: WireRequest | undefined;
  /** The id of the response that the request goes on from. */
  readonly previousResponse?: string | undefined;
}
