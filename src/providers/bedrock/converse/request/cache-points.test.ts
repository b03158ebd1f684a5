import assert from "node:assert/strict";
import test from "node:test";
import {
  assistant,
  cachePoint,
  call,
  LLAMA,
  NOVA_PRO,
  SONNET_45,
  told,
  tool,
  user,
  write,
  type Body,
} from "../support.test.ts";

const POINT = { cachePoint: { type: "default" } };
const HOUR = { cachePoint: { type: "default", ttl: "1h" } };

test("a cache point is a block of its own behind its content, in tools, system and messages", () => {
  const { body, lost } = write({
    tools: [tool("look"), cachePoint()],
    system: [{ type: "text", text: "a" }, cachePoint("5m")],
    messages: [user("b", cachePoint())],
  });
  assert.deepEqual(body.toolConfig.tools[1], POINT);
  assert.deepEqual(body.system, [{ text: "a" }, POINT]);
  assert.deepEqual(body.messages[0].content, [{ text: "b" }, POINT]);
  assert.deepEqual(lost, []);
});

test("a cache point inside a tool's result moves behind the result", () => {
  const { body } = write({
    tools: [tool("look")],
    messages: [
      user("x"),
      assistant(call("a")),
      user(
        {
          type: "tool-result",
          id: "a",
          content: [{ type: "text", text: "y" }, cachePoint(), { type: "text", text: "z" }],
          isError: false,
        },
        "next",
      ),
    ],
  });
  const { content } = body.messages[2];
  assert.deepEqual(content[0].toolResult.content, [{ text: "y" }, { text: "z" }]);
  assert.deepEqual(content.slice(1), [POINT, { text: "next" }]);
});

test("a cache point at the beginning of a message moves to the end of what is before it", () => {
  const { body } = write({
    system: [{ type: "text", text: "a" }],
    messages: [user(cachePoint(), "b"), assistant("c"), user(cachePoint(), "d")],
  });
  assert.deepEqual(body.system, [{ text: "a" }, POINT]);
  assert.deepEqual(body.messages[0].content, [{ text: "b" }]);
  assert.deepEqual(body.messages[1].content, [{ text: "c" }, POINT]);
});

test("with nothing before it there is nothing to cache, and nothing is lost", () => {
  const { body, lost } = write({ messages: [user(cachePoint(), "b")] });
  assert.deepEqual(body.messages[0].content, [{ text: "b" }]);
  assert.deepEqual(lost, []);
});

test("a cache point behind a thought moves before it", () => {
  const thought = { type: "reasoning" as const, text: "t", signature: "s" };
  const { body } = write({
    messages: [
      user("a"),
      assistant(thought, cachePoint(), "b"),
      user("c"),
      assistant("d", thought, cachePoint()),
      user("e"),
    ],
  });
  assert.deepEqual(body.messages[0].content, [{ text: "a" }, POINT]);
  assert.deepEqual(Object.keys(body.messages[1].content[0]), ["reasoningContent"]);
  assert.deepEqual(body.messages[3].content.slice(0, 2), [{ text: "d" }, POINT]);
});

test("two cache points in a row are one, the longer", () => {
  const { body } = write({ messages: [user("a", cachePoint(), cachePoint("1h"))] });
  assert.deepEqual(body.messages[0].content, [{ text: "a" }, HOUR]);
});

test("an hour after five minutes becomes five minutes, and that is told", () => {
  const written = write({
    system: [{ type: "text", text: "a" }, cachePoint("5m")],
    messages: [user("b", cachePoint("1h"))],
  });
  assert.deepEqual(written.body.messages[0].content[1], POINT);
  assert.deepEqual(told(written), ["cache_control of an hour may not come after one of five minutes"]);
  const right = write({
    system: [{ type: "text", text: "a" }, cachePoint("1h")],
    messages: [user("b", cachePoint())],
  });
  assert.deepEqual(right.body.system[1], HOUR);
  assert.deepEqual(right.lost, []);
});

test("of more than four the earliest in the messages go, and that is told", () => {
  const messages = [1, 2, 3, 4].flatMap((n) => [user(`u${n}`, cachePoint()), assistant(`a${n}`)]);
  const written = write({
    tools: [tool("look"), cachePoint()],
    system: [{ type: "text", text: "s" }, cachePoint()],
    messages: [...messages, user("end")],
  });
  const kept = written.body.messages.flatMap(({ content }: Body, index: number) =>
    content.some((block: Body) => block.cachePoint) ? [index] : [],
  );
  assert.deepEqual(kept, [4, 6]);
  assert.equal(written.body.toolConfig.tools.length, 2);
  assert.equal(written.body.system.length, 2);
  assert.deepEqual(told(written), [
    "cache_control may stand in 4 places at most; the earliest in the messages go",
  ]);
});

test("a model without a cache gets no points, which is told once", () => {
  const written = write(
    { system: [{ type: "text", text: "a" }, cachePoint()], messages: [user("b", cachePoint())] },
    LLAMA,
  );
  assert.ok(!written.text.includes("cachePoint"));
  assert.deepEqual(told(written), [
    "cache_control has no effect: this model keeps no prompt cache by request",
  ]);
});

test("Nova has no points among its tools and no hours", () => {
  const written = write(
    {
      tools: [tool("look"), cachePoint()],
      system: [cachePoint(), { type: "text", text: "a" }, cachePoint("1h")],
    },
    NOVA_PRO,
  );
  assert.equal(written.body.toolConfig.tools.length, 1);
  assert.deepEqual(written.body.system, [{ text: "a" }, POINT]);
  assert.deepEqual(told(written), [
    "cache_control may not stand among the tools of this model",
    "cache_control lasts five minutes",
  ]);
});

test("tools of which nothing but a cache point is left are none", () => {
  assert.equal(write({ tools: [cachePoint()] }, SONNET_45).body.toolConfig, undefined);
});

test("where nothing is marked, auto marks the ends of tools, system and conversation, where the model allows", () => {
  const chat = {
    tools: [tool("look")],
    system: [{ type: "text" as const, text: "a" }],
    messages: [user("b")],
  };
  const { body } = write(chat, SONNET_45, { autoCache: true });
  assert.deepEqual(body.toolConfig.tools[1], POINT);
  assert.deepEqual(body.system, [{ text: "a" }, POINT]);
  assert.deepEqual(body.messages[0].content, [{ text: "b" }, POINT]);
  const nova = write(chat, NOVA_PRO, { autoCache: true });
  assert.equal(nova.body.toolConfig.tools.length, 1);
  assert.deepEqual(nova.body.system, [{ text: "a" }, POINT]);
  const llama = write(chat, LLAMA, { autoCache: true });
  assert.ok(!llama.text.includes("cachePoint"));
  assert.deepEqual([...told(nova), ...told(llama)], []);
  const marked = write({ ...chat, messages: [user("b", cachePoint("1h"))] }, SONNET_45, { autoCache: true });
  assert.deepEqual(marked.body.system, [{ text: "a" }]);
});
