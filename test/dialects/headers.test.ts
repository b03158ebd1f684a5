import assert from "node:assert/strict";
import test from "node:test";
import { HI, write } from "./bodies.ts";
import { judge } from "./cases.ts";
import { startWorld } from "./world.ts";

const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "without anthropic-version": { "anthropic-version": "" },
  "with an odd anthropic-version": { "anthropic-version": "1999-13-32; drop table" },
  "with an anthropic-beta of 8 kB": { "anthropic-beta": "x".repeat(8_192) },
  "with two thousand betas": { "anthropic-beta": Array.from({ length: 2_000 }, () => "a-1").join(",") },
  "with an odd content type": { "content-type": "text/plain; charset=utf-7" },
  "that accepts nothing": { accept: "image/png" },
};

for (const [what, headers] of Object.entries(HEADERS)) {
  test(`a request ${what} is served where it is translated`, async () => {
    await using world = await startWorld();
    await judge(world, what, {
      body: (dialect) => write(dialect, { turns: [HI] }),
      all: "served",
      how: { headers },
    });
    for (const { headers: sent } of world.engine.seen.slice(1))
      assert.equal(sent["anthropic-beta"], undefined, "betas are between a client and Anthropic");
  });
}
