import type { ClaudeModel } from "../../catalog/claude-models.ts";
import { countOf } from "../anthropic-messages/count.ts";
import { writeAnthropicMessages } from "../anthropic-messages/write-request.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import type { CountCall, CountSink, ReplySink, UpstreamHandle, WholeReply } from "../provider.ts";
import type { Post } from "./sending.ts";

/** Counts the tokens of a chat request of another dialect. https://platform.claude.com/docs/en/api/messages-count-tokens */
export function countByMessages(
  call: CountCall,
  sink: CountSink,
  abilities: ClaudeModel,
  post: Post,
): UpstreamHandle {
  const { chat, model, withoutThoughts } = call;
  const { body, inexpressible } = writeAnthropicMessages({
    chat,
    model,
    abilities,
    purpose: "count",
    outputCap: undefined,
    withoutThoughts,
    autoCache: false,
  });
  // What may be left out of a request is left out of its count, too.
  const failure = refuseOrDrop(inexpressible, true, sink);
  if (failure !== undefined) {
    sink.fail(failure);
    return NOTHING_SENT;
  }
  return post({ call, operation: "count-tokens", body, stream: false, headers: {}, sink: counted(sink) });
}

function counted(sink: CountSink): ReplySink {
  return {
    usage: (usage) => sink.usage(usage),
    dropped: (names) => sink.dropped(names),
    alive: () => sink.alive(),
    fail: (failure) => sink.fail(failure),
    head() {},
    chunk() {},
    end() {},
    whole({ body, status }: WholeReply) {
      const tokens = countOf(body, "input_tokens");
      if (tokens === undefined)
        sink.fail({ kind: "protocol", status, message: "the upstream's count of tokens is no number" });
      else sink.whole(tokens);
    },
  };
}
