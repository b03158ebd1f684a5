import { styleText } from "node:util";
import type { ExchangeInfo } from "../../control/contract.ts";
import { CannotError, EXIT, UsageError, dataOption, jsonOption, type Command } from "../command.ts";
import { findServer, send } from "../control-access.ts";
import { printable } from "../table.ts";
import { whereOf, whereOption } from "../where.ts";

const COLOURS = {
  answered: "green",
  refused: "yellow",
  failed: "red",
  abandoned: "magenta",
  killed: "red",
} as const;

export const tail: Command = {
  name: "tail",
  summary: "Watch exchanges as they end, one line each. Ctrl-C ends it.",
  details: "It needs a running server. Times are UTC; a cost with ~ is estimated.",
  options: {
    where: whereOption,
    errors: { type: "boolean", describe: "Only exchanges that were not answered." },
    count: { type: "string", value: "N", describe: "End after so many." },
    data: dataOption,
    json: jsonOption,
  },

  async run(input, io) {
    const data = input.text("data") ?? "";
    const where = Object.entries(whereOf(input.texts("where")));
    const most = countOf(input.text("count"));
    const server = await findServer(data);
    if (server === undefined)
      throw new CannotError(`no server runs on ${data}; start one with: switchyard up`);
    const response = await send(server, "GET", "/api/exchanges/live");
    if (!response.ok || response.body === null)
      throw new CannotError(`the server at ${server.url} answered ${response.status}`);
    if (!input.flag("json") && process.stderr.isTTY)
      io.err("watching; exchanges show when they end (Ctrl-C ends it)");
    let shown = 0;
    for await (const { event, text } of untilGone(eventsOf(response.body))) {
      if (event === "skipped") io.err(`… ${text} more came too fast to be shown`);
      if (event !== "message") continue;
      const exchange = JSON.parse(text) as ExchangeInfo;
      const fits = where.every(
        ([word, value]) => ((exchange as Record<string, unknown>)[word] ?? "") === value,
      );
      if (!fits || (input.flag("errors") && exchange.status === "answered")) continue;
      io.out(input.flag("json") ? text : line(exchange));
      if (++shown === most) return EXIT.done;
    }
    throw new CannotError(`the server at ${server.url} went away; watch again when it is back`);
  },
};

/** What comes until the connection breaks; how it broke tells nobody anything. */
async function* untilGone(events: AsyncGenerator<SentEvent>): AsyncGenerator<SentEvent> {
  try {
    yield* events;
  } catch {
    return;
  }
}

function countOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError(`--count: "${text}" is no number from 1 on`);
  return count;
}

interface SentEvent {
  readonly event: string;
  readonly text: string;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html, as far as our own server uses it. */
async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<SentEvent> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const bytes of body) {
    pending += decoder.decode(bytes, { stream: true });
    for (let end = pending.indexOf("\n\n"); end !== -1; end = pending.indexOf("\n\n")) {
      const lines = pending.slice(0, end).split("\n");
      pending = pending.slice(end + 2);
      const text = lines.find((one) => one.startsWith("data: "))?.slice(6);
      const event = lines.find((one) => one.startsWith("event: "))?.slice(7) ?? "message";
      if (text !== undefined) yield { event, text };
    }
  }
}

function line(exchange: ExchangeInfo): string {
  const { stdout: stream } = process;
  const ms = Date.parse(exchange.endedAt) - Date.parse(exchange.startedAt);
  const status = styleText(COLOURS[exchange.status], exchange.status.padEnd(9), { stream });
  const isRetried = exchange.attempts.length > 1;
  const words = [exchange.tenant, exchange.feature, exchange.task].flatMap((word) => word ?? []).join(" ");
  const target = `${exchange.target ?? "-"}${isRetried ? ` (attempt ${exchange.attempts.length})` : ""}`;
  return [
    styleText("dim", exchange.endedAt.slice(11, 23), { stream }),
    status,
    `${ms} ms`.padStart(9),
    printable(target).padEnd(20),
    `${exchange.usage.inputTokens}→${exchange.usage.outputTokens}`.padStart(11),
    `${exchange.estimated ? "~" : ""}$${exchange.costUsd}`.padStart(13),
    printable(words),
    ...(exchange.code === null ? [] : [styleText(COLOURS[exchange.status], exchange.code, { stream })]),
    styleText("dim", exchange.id, { stream }),
  ].join("  ");
}
