import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";
import { bytes, event } from "./server.ts";
import { startTriton, stream } from "./setup.ts";

const WORDS = ["Ünö ", "two ", "three"];

const FLAVOURS = {
  "with reasons": Buffer.from(
    WORDS.map((word, index) => event(word, { finish_reason: index === 2 ? "stop" : "None" })).join(""),
  ),
  "without reasons": Buffer.from(WORDS.map((word) => event(word)).join("")),
};

for (const [flavour, body] of Object.entries(FLAVOURS)) {
  test(`a stream ${flavour} that the connection cuts is no end, wherever that is`, async () => {
    await using setup = await startTriton(bytes(body));
    const whole = await stream(setup);
    assert.equal(whole.text, WORDS.join(""));
    assert.equal(whole.finish, "stop");
    for (let cutAt = 0; cutAt <= body.length; cutAt++) {
      setup.engine.script = bytes(body, cutAt);
      const streamed = await stream(setup);
      assert.ok(streamed.error instanceof OpenAI.APIError, `cut after ${cutAt} bytes: ${streamed.text}`);
      assert.equal(streamed.finish, undefined);
      assert.ok(whole.text.startsWith(streamed.text));
    }
  });

  test(`a stream ${flavour} that ends too early by HTTP is no end where that shows`, async () => {
    await using setup = await startTriton(bytes(body));
    for (let end = 0; end < body.length; end++) {
      setup.engine.script = bytes(body.subarray(0, end));
      const streamed = await stream(setup);
      // Between two events nothing shows but a missing reason.
      const isBetween = end > 0 && body.subarray(end - 2, end).toString() === "\n\n";
      if (isBetween && flavour === "without reasons") assert.equal(streamed.finish, "stop");
      else assert.ok(streamed.error instanceof OpenAI.APIError, `ended after ${end} bytes`);
    }
  });
}
