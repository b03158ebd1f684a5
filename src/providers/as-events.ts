import type { ChatEvent, ChatReply } from "../core/chat.ts";
import type { ChatSink } from "./provider.ts";

/** A whole reply for a client that wants a stream, where the model gives none: its parts, each in one piece. */
export function asEvents(sink: ChatSink): ChatSink {
  return {
    usage: (usage, estimated) => sink.usage(usage, estimated),
    dropped: (names) => sink.dropped(names),
    alive: () => sink.alive(),
    event: (event) => sink.event(event),
    end: () => sink.end(),
    fail: (failure) => sink.fail(failure),
    whole(reply) {
      for (const event of eventsOf(reply)) sink.event(event);
      sink.end();
    },
  };
}

function eventsOf({ parts, stop, usage, latencyMs, serviceTier }: ChatReply): ChatEvent[] {
  const events: ChatEvent[] = [];
  for (const part of parts) {
    if (part.type === "tool-call") {
      events.push({ type: "tool-call", id: part.id, name: part.name });
      if (part.input !== "") events.push({ type: "tool-input", json: part.input });
    } else events.push(part);
    events.push({ type: "part-end" });
  }
  events.push({ type: "stop", reason: stop });
  if (usage !== undefined) events.push({ type: "usage", usage, latencyMs, serviceTier });
  return events;
}
