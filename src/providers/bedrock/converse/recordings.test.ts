import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import type { ChatEvent } from "../../../core/chat.ts";
import { FrameReader } from "../../../core/event-stream.ts";
import { faultsOf } from "./legal-body.test.ts";
import { ConverseEvents } from "./read-events.ts";
import { readConverseReply } from "./read-reply.ts";
import { readTokenHeaders } from "./usage.ts";
import type { ReadBack } from "../../conversation/read-back.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../../../../shared/data/wire/bedrock");
const PLAIN: ReadBack = { names: new Map(), schemaTool: undefined };

interface Interaction {
  readonly request: { readonly uri: string; readonly body: unknown };
  readonly response: {
    readonly status: { readonly code: number };
    readonly headers?: Readonly<Record<string, string[]>>;
    readonly parsed_body?: unknown;
    readonly body?: { readonly string: string | Uint8Array };
  };
}

const skip = existsSync(FOLDER) ? false : `there are no recordings in ${FOLDER}`;
const RECORDED = skip === false ? readdirSync(FOLDER).flatMap(recorded) : [];

interface Recorded {
  readonly file: string;
  readonly interaction: Interaction;
}

function recorded(file: string): Recorded[] {
  const { interactions: all } = parse(readFileSync(path.join(FOLDER, file), "utf8")) as {
    readonly interactions: readonly Interaction[];
  };
  return all.map((interaction) => ({ file, interaction }));
}

function interactions(wanted: RegExp): Recorded[] {
  return RECORDED.filter(
    ({ interaction: { request, response } }) => wanted.test(request.uri) && response.status.code === 200,
  );
}

function bodyOf({ response: { parsed_body: parsed, body } }: Interaction): Buffer {
  if (parsed !== undefined) return Buffer.from(JSON.stringify(parsed));
  return Buffer.from(body?.string ?? "");
}

function eventsOf(interaction: Interaction): {
  readonly events: ChatEvent[];
  readonly reader: ConverseEvents;
} {
  const events: ChatEvent[] = [];
  const reader = new ConverseEvents(PLAIN, (event) => events.push(event));
  for (const frame of new FrameReader().push(bodyOf(interaction))) reader.read(frame.type, frame.payload);
  return { events, reader };
}

test("every recorded reply of Converse is read, and its tokens add up", { skip }, () => {
  const replies = interactions(/\/converse$/);
  assert.ok(replies.length > 60);
  for (const { file, interaction } of replies) {
    const body = bodyOf(interaction);
    const { parts, usage, latencyMs } = readConverseReply(body, PLAIN);
    assert.ok(parts.length > 0 && latencyMs !== undefined, file);
    const sent = (JSON.parse(body.toString()) as { usage: { totalTokens: number } }).usage;
    assert.equal((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0), sent.totalTokens, file);
  }
});

test("a recorded thought comes with its signature", { skip }, () => {
  const first = interactions(/\/converse$/).find(({ file }) =>
    file.includes("thinking_part_anthropic_adaptive"),
  );
  assert.ok(first !== undefined);
  const [thought] = readConverseReply(bodyOf(first.interaction), PLAIN).parts;
  assert.ok(thought?.type === "reasoning" && (thought.signature?.length ?? 0) > 100);
});

test("the recorded stream of Nova's code interpreter shows none of its calls", { skip }, () => {
  const first = interactions(/\/converse-stream$/).find(({ file }) => file.includes("code_execution"));
  assert.ok(first !== undefined);
  const { events, reader } = eventsOf(first.interaction);
  const calls = events.filter((event) => event.type === "tool-call");
  assert.ok(calls.every(({ name }) => name !== "nova_code_interpreter"));
  assert.deepEqual(
    calls.map(({ name }) => name),
    ["final_result"],
  );
  assert.equal(reader.stopped, true);
  assert.ok(reader.usage !== undefined && reader.usage !== "invalid");
});

test("the recorded stream with a redacted thought gives the maker's data", { skip }, () => {
  const first = interactions(/\/converse-stream$/).find(({ file }) => file.includes("redacted_stream"));
  assert.ok(first !== undefined);
  const { events } = eventsOf(first.interaction);
  const redacted = events.find((event) => event.type === "redacted-reasoning");
  assert.match(redacted?.data ?? "", /^[A-Za-z0-9+/]+=*$/);
  assert.equal(events.at(-1)?.type, "usage");
});

test("recorded embeddings tell their tokens in their headers", { skip }, () => {
  const [first] = interactions(/titan-embed-text-v2%3A0\/invoke$/);
  assert.ok(first !== undefined);
  const usage = readTokenHeaders(
    Object.fromEntries(
      Object.entries(first.interaction.response.headers ?? {}).map(([name, value]) => [
        name.toLowerCase(),
        value,
      ]),
    ),
  );
  assert.ok(usage !== undefined && usage !== "invalid" && usage.inputTokens > 0);
});

test("what Bedrock took is what the checker of bodies takes for legal", { skip }, () => {
  for (const { file, interaction } of interactions(/\/converse(-stream)?$/)) {
    const { body } = interaction.request;
    const request = (typeof body === "string" ? JSON.parse(body) : body) as { messages: { role: string }[] };
    // Claude begins with the assistant, too; we never do, because most do not.
    if (request.messages[0]?.role === "assistant") continue;
    assert.deepEqual(
      faultsOf(request),
      file.startsWith("test_video") ? ["messages.0.content.1: format video/mp4"] : [],
      file,
    );
  }
});
