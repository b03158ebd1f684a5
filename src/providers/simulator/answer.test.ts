import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { answerTo, tokensOf, type Answer, type SimulatedRequest } from "./answer.ts";
import { seededRandom } from "./random.ts";

function answer(request: SimulatedRequest, seed = "seed"): Answer {
  const found = answerTo({ messages: [{ role: "user", content: "hello" }], ...request }, seededRandom(seed));
  if (typeof found === "string") throw new Error(found);
  return found;
}

function tool(name: string, parameters: object = { type: "object", properties: {} }): object {
  return { type: "function", function: { name, parameters } };
}

function asking(content: unknown): { readonly messages: readonly object[] } {
  return { messages: [{ role: "user", content }] };
}

test("a question is answered with text that repeats it, and stops by itself", () => {
  const { tokens, toolCalls, finishReason, outputTokens } = answer(asking("what is up"));
  assert.match(tokens.join(""), /^You said "what is up"\. \S/);
  assert.deepEqual(toolCalls, []);
  assert.equal(finishReason, "stop");
  assert.equal(outputTokens, tokens.length);
});

test("the same request has the same answer, another seed another", () => {
  assert.deepEqual(answer({}), answer({}));
  const texts = new Set(Array.from({ length: 20 }, (_, seed) => answer({}, String(seed)).tokens.join("")));
  assert.ok(texts.size > 1);
});

test("a request without messages is refused in a sentence that names them", () => {
  for (const messages of [undefined, null, [], "hi", {}]) {
    const refusal = answerTo({ messages }, seededRandom("s"));
    assert.match(typeof refusal === "string" ? refusal : "", /^messages: /);
  }
});

test("a message's text is its string, or the text parts of its list", () => {
  const parts = [
    { type: "text", text: "one" },
    { type: "image_url", image_url: { url: "data:" } },
    { type: "text", text: "two" },
  ];
  assert.match(answer(asking(parts)).tokens.join(""), /^You said "one two"/);
  assert.doesNotMatch(answer(asking(null)).tokens.join(""), /You said/);
});

test("input tokens grow with every message and its bytes", () => {
  const one = answer(asking("a".repeat(400))).inputTokens;
  assert.equal(one, 104);
  assert.equal(answer({ messages: [{ content: "a".repeat(400) }, { content: "" }] }).inputTokens, 108);
  assert.equal(tokensOf("ééé"), 2);
});

test("max_completion_tokens, else max_tokens, ends the answer for its length", () => {
  const whole = answer({}).tokens;
  for (const limit of [
    { max_tokens: 3 },
    { max_completion_tokens: 3 },
    { max_completion_tokens: 3, max_tokens: 99 },
  ]) {
    const { tokens, finishReason, outputTokens } = answer(limit);
    assert.deepEqual(tokens, whole.slice(0, 3));
    assert.equal(finishReason, "length");
    assert.equal(outputTokens, 3);
  }
  assert.equal(answer({ max_tokens: whole.length }).finishReason, "stop");
  assert.equal(answer({ max_tokens: null }).finishReason, "stop");
});

test("no token is lost: joined they are the text, and each is short", () => {
  const words = fc.array(fc.string({ minLength: 1 }).map((word) => word.replaceAll(" ", "_")));
  fc.assert(
    fc.property(words, (parts) => {
      const asked = parts.join(" ").slice(0, 80).trim();
      const { tokens } = answer(asking(asked));
      assert.ok(tokens.join("").startsWith(asked === "" ? "" : `You said "${asked}".`));
      assert.ok(tokens.every((token) => token.length >= 1 && token.length <= 9));
    }),
  );
});

test("no token ends in the middle of a character, nor does what is repeated of the question", () => {
  for (const content of ["1234567😀😀", "😀".repeat(60), `a${"😀".repeat(60)}`]) {
    const { tokens } = answer(asking(content));
    assert.ok(
      tokens.every((token) => token.isWellFormed()),
      JSON.stringify(tokens),
    );
  }
});

test("a tool that the last message names is called, else the first", () => {
  const tools = [tool("get_weather"), tool("send_mail")];
  const called = (content: string): string[] =>
    answer({ ...asking(content), tools }).toolCalls.map(({ name }) => name);
  assert.deepEqual(called("please SEND_MAIL now"), ["send_mail"]);
  assert.deepEqual(called("hello"), ["get_weather"]);
  assert.deepEqual(called("get_weather and send_mail"), ["get_weather", "send_mail"]);
});

test("tools called together have ids of their own, and are one where parallel calls are off", () => {
  const tools = [tool("a_tool"), tool("b_tool"), tool("c_tool")];
  const request = { ...asking("a_tool b_tool c_tool"), tools };
  const { toolCalls, finishReason, tokens } = answer(request);
  assert.equal(new Set(toolCalls.map(({ id }) => id)).size, 3);
  assert.ok(toolCalls.every(({ id }) => /^call_[0-9a-f]{8}$/.test(id)));
  assert.equal(finishReason, "tool_calls");
  assert.deepEqual(tokens, []);
  assert.equal(answer({ ...request, parallel_tool_calls: false }).toolCalls.length, 1);
});

test("the tool that is asked for by tool_choice is called, whatever the message names", () => {
  const request = { ...asking("a_tool"), tools: [tool("a_tool"), tool("b_tool")] };
  const forced = answer({ ...request, tool_choice: { type: "function", function: { name: "b_tool" } } });
  assert.deepEqual(
    forced.toolCalls.map(({ name }) => name),
    ["b_tool"],
  );
  assert.equal(answer({ ...request, tool_choice: "none" }).toolCalls.length, 0);
  assert.equal(answer({ ...request, tool_choice: "required" }).toolCalls.length, 1);
});

test("after a tool's result the answer is text, so that loops end", () => {
  const messages = [
    { role: "user", content: "x" },
    { role: "assistant", content: null },
    { role: "tool", content: "5 °C" },
  ];
  const { toolCalls, tokens } = answer({ messages, tools: [tool("get_weather")] });
  assert.deepEqual(toolCalls, []);
  assert.match(tokens.join(""), /5 °C/);
});

test("a tool's arguments are JSON that fits its parameters", () => {
  const parameters = {
    type: "object",
    properties: {
      city: { type: "string" },
      days: { type: "integer", minimum: 3 },
      unit: { enum: ["C", "F"] },
    },
    required: ["city"],
  };
  const [call] = answer({ tools: [tool("get_weather", parameters)] }).toolCalls;
  assert.deepEqual(JSON.parse(call?.arguments ?? ""), { city: "simulated", days: 3, unit: "C" });
  const [bare] = answer({ tools: [{ type: "function", function: { name: "now" } }] }).toolCalls;
  assert.deepEqual(JSON.parse(bare?.arguments ?? ""), {});
});

test("blanks inside a JSON answer are not lost", () => {
  const schema = { enum: ["two  blanks "] };
  const text = answer({
    response_format: { type: "json_schema", json_schema: { name: "x", schema } },
  }).tokens.join("");
  assert.equal(JSON.parse(text), "two  blanks ");
});

test("JSON mode answers with an object, a JSON schema with what fits it", () => {
  const object = answer({ response_format: { type: "json_object" } }).tokens.join("");
  assert.equal(typeof JSON.parse(object), "object");
  const schema = {
    type: "object",
    properties: { ok: { type: "boolean" }, tags: { type: "array", items: { type: "string" } } },
  };
  const text = answer({
    response_format: { type: "json_schema", json_schema: { name: "x", schema } },
  }).tokens.join("");
  assert.deepEqual(JSON.parse(text), { ok: true, tags: ["simulated"] });
});
