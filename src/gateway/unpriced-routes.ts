import { AppError } from "../core/errors.ts";
import type { Route } from "./routes.ts";

/** What clients know from OpenAI and is charged in units that have no price here: seconds, images, sessions. */
const UNPRICED: readonly { readonly url: string; readonly method: "GET" | "POST"; readonly what: string }[] =
  [
    { method: "POST", url: "/v1/audio/*", what: "audio" },
    { method: "POST", url: "/v1/images/*", what: "images" },
    { method: "POST", url: "/v1/videos", what: "video" },
    { method: "GET", url: "/v1/realtime", what: "realtime sessions" },
    { method: "POST", url: "/v1/realtime/*", what: "realtime sessions" },
  ];

/** Refused by name, so that nobody takes an unknown address for it and nothing is served at a price of 0. */
export function unpricedRoutes(): Route[] {
  return UNPRICED.map(({ method, url, what }) => ({
    method,
    url,
    authorisation: "client-key",
    plane: "gateway",
    summary: `Refused with \`unpriced\`: ${what}, which no price unit covers yet.`,
    handler() {
      throw new AppError(
        "unpriced",
        `${what}: this gateway has no price unit for it yet, and serves nothing unpriced; call the provider itself for it`,
        { advises: true },
      );
    },
  }));
}
