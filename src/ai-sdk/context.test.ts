import assert from "node:assert/strict";
import test from "node:test";
import { switchyardContext, switchyardReply } from "./index.ts";

async function headersFor(
  words: Parameters<typeof switchyardContext>[0],
  own?: Record<string, string | undefined>,
): Promise<object> {
  const params = own === undefined ? {} : { headers: own };
  return (await switchyardContext(words).transformParams({ params })).headers ?? {};
}

test("each word is a header, and what is undefined is none", async () => {
  assert.deepEqual(await headersFor({ user: "u-17", latency: "batch", app: undefined }), {
    "x-switchyard-user": "u-17",
    "x-switchyard-latency": "batch",
  });
});

test("a function is asked for each request", async () => {
  const users = ["ada", undefined, "grace"];
  const middleware = switchyardContext({ user: () => users.shift() });
  const seen: object[] = [];
  for (let request = 0; request < 3; request++)
    seen.push((await middleware.transformParams({ params: { headers: {} } })).headers);
  assert.deepEqual(seen, [{ "x-switchyard-user": "ada" }, {}, { "x-switchyard-user": "grace" }]);
});

test("the call's own header wins, however it is written, and others stay", async () => {
  const own = { "X-Switchyard-User": "call", authorization: "Bearer x" };
  assert.deepEqual(await headersFor({ user: "model", task: "t" }, own), {
    "x-switchyard-task": "t",
    ...own,
  });
});

test("what else a call says is left as it is", async () => {
  const params = { prompt: [], temperature: 0.5, headers: { a: "b" } };
  assert.deepEqual(await switchyardContext({ task: "t" }).transformParams({ params }), {
    ...params,
    headers: { "x-switchyard-task": "t", a: "b" },
  });
});

test("an impossible word or value is refused when the middleware is made, with the word's name", () => {
  const refused: readonly [object, RegExp][] = [
    [{ latency: "soon" }, /latency: write one of interactive/],
    [{ budget: "$5" }, /budget: write a USD decimal/],
    [{ user: "" }, /user: is empty/],
    [{ user: "a\r\nx-evil: 1" }, /user: holds a control character/],
    [{ user: "李" }, /user: holds a character that no HTTP header can carry/],
    [{ budget: 0.5 }, /budget: write a text, not number/],
    [{ user: null }, /user: write a text, not object/],
    [{ tennant: "acme" }, /"tennant" is no word of the context; there are: user, /],
  ];
  for (const [words, message] of refused)
    assert.throws(() => switchyardContext(words), { name: "TypeError", message });
});

test("an impossible value of a function is refused before anything is sent", async () => {
  await assert.rejects(headersFor({ prompt: () => "greeting" }), { message: /prompt: write name@version/ });
});

test("a reply is read from a result, a step, a stream's response and an error", () => {
  const headers = {
    "x-switchyard-exchange": "ex1",
    "x-switchyard-target": "small",
    "x-switchyard-attempts": "2",
    "x-switchyard-cost-usd": "0.000036",
  };
  const said = { exchange: "ex1", target: "small", attempts: 2, costUsd: "0.000036" };
  assert.deepEqual(switchyardReply({ response: { headers } }), said);
  assert.deepEqual(switchyardReply({ headers }), said);
  assert.deepEqual(switchyardReply({ responseHeaders: headers }), said);
});

test("a reply that is not Switchyard's says nothing", () => {
  const nothing = { exchange: undefined, target: undefined, attempts: undefined, costUsd: undefined };
  for (const from of [{}, { response: {} }, { headers: { server: "x" } }, { responseHeaders: undefined }])
    assert.deepEqual(switchyardReply(from), nothing);
});
