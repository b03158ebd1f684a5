import type { Route } from "../gateway/routes.ts";
import type { LiveFeed } from "../telemetry/live-feed.ts";
import { recordView } from "./exchange-view.ts";

/** Bytes that may wait for a watcher; beyond them exchanges are left out, and counted. */
const MOST_WAITING = 1024 * 1024;
const COMMENT_MS = 15_000;

/** Exchanges as they end, as server-sent events. */
export function liveRoutes(feed: LiveFeed): Route[] {
  return [
    {
      method: "GET",
      url: "/api/exchanges/live",
      authorisation: "admin",
      plane: "control",
      summary: "Exchanges as they end, as server-sent events; `skipped` says how many a slow reader missed.",
      handler: (_request, reply) => {
        reply.hijack();
        const { raw } = reply;
        raw.writeHead(200, {
          "content-type": "text/event-stream; charset=utf-8",
          "cache-control": "no-store",
          "x-accel-buffering": "no",
        });
        raw.write(": watching\n\n");
        let skipped = 0;
        const end = feed.watch(
          (record) => {
            if (raw.writableLength > MOST_WAITING) {
              skipped++;
              return;
            }
            if (skipped > 0) raw.write(`event: skipped\ndata: ${skipped}\n\n`);
            skipped = 0;
            raw.write(`data: ${JSON.stringify(recordView(record))}\n\n`);
          },
          () => raw.end(),
        );
        const comment = setInterval(() => raw.write(": still here\n\n"), COMMENT_MS);
        raw.on("error", () => {});
        raw.on("close", () => {
          clearInterval(comment);
          end();
        });
      },
    },
  ];
}
