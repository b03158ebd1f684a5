import assert from "node:assert/strict";
import test from "node:test";
import { chatHeaders, connectHttp2 } from "./http2-client.ts";
import {
  assertAlive,
  assertError,
  assertErrorBody,
  chatText,
  exchangeBytes,
  HELLO,
  parseReplies,
  postBody,
  requestText,
  rights,
  startPair,
  type Pair,
} from "./support.ts";

const CARRIERS: Readonly<Record<string, (key: string) => Record<string, string>>> = {
  "authorization: Bearer": (key) => ({ authorization: `Bearer ${key}` }),
  "authorization: bearer": (key) => ({ authorization: `bearer ${key}` }),
  "x-api-key": (key) => ({ "x-api-key": key }),
  "api-key": (key) => ({ "api-key": key }),
  "all three": (key) => ({ authorization: `Bearer ${key}`, "x-api-key": key, "api-key": key }),
};

function send({ gateway }: Pair, headers: Record<string, string>): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(HELLO),
  });
}

for (const [what, headersOf] of Object.entries(CARRIERS)) {
  test(`${what}: the same key leads to the same decision as by every other carrier`, async () => {
    await using pair = await startPair();
    const past = Date.now() - 60_000;
    const limited = pair.gateway.issue({ rights: rights({ tasks: ["support.*"] }) });
    const lost = pair.gateway.issue({ tenant: "globex" });
    const expired = pair.gateway.issue({ expiresAtMs: past });
    const revoked = pair.gateway.issue({ revokedAtMs: past });
    assert.equal((await send(pair, headersOf(pair.gateway.key))).status, 200);
    await assertError(await send(pair, headersOf(limited.key)), 403, "forbidden", /may not use "fine"/);
    await assertError(
      await send(pair, headersOf(lost.key)),
      403,
      "forbidden",
      /tenant "globex" is not in the conf/,
    );
    await assertError(await send(pair, headersOf(expired.key)), 401, "key_expired", /expired at/);
    await assertError(await send(pair, headersOf(revoked.key)), 401, "key_revoked", /was revoked at/);
    const unknown = pair.gateway.key.replace(/.$/, (last) => (last === "a" ? "b" : "a"));
    await assertError(
      await send(pair, headersOf(unknown)),
      401,
      "unauthenticated",
      /not one that this Switchyard/,
    );
    await using client = connectHttp2(pair.gateway.port);
    const { authorization: _, ...bare } = chatHeaders("");
    const over2 = await client.request({ ...bare, ...headersOf(revoked.key) }, JSON.stringify(HELLO));
    assert.equal(over2.status, 401);
    assertErrorBody(over2.text, "key_revoked", /was revoked/);
    assert.equal(pair.engine.seen.length, 1);
    await assertAlive(pair);
  });
}

test("two different keys are refused, whichever carriers bring them and whether they are good", async () => {
  await using pair = await startPair();
  const good = pair.gateway.key;
  const other = pair.gateway.issue().key;
  for (const second of [other, "sy-nobody", "x"]) {
    for (const headers of [
      { authorization: `Bearer ${good}`, "x-api-key": second },
      { authorization: `Bearer ${second}`, "api-key": good },
      { "x-api-key": good, "api-key": second },
      { "x-api-key": `${good}, ${second}` },
      { authorization: `Bearer ${good}, Bearer ${second}` },
      { authorization: `Bearer ${good} ${second}` },
    ] as Record<string, string>[]) {
      const response = await send(pair, headers);
      await assertError(response, 401, "unauthenticated", /two different keys|not one that this Switchyard/);
    }
  }
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

for (const name of ["authorization", "x-api-key", "api-key"]) {
  test(`two ${name} headers with different keys are refused: which one counts would be a guess`, async () => {
    await using pair = await startPair();
    const value = (key: string): string => (name === "authorization" ? `Bearer ${key}` : key);
    const lines = [pair.gateway.key, pair.gateway.issue().key]
      .map((key) => `${name}: ${value(key)}\r\n`)
      .join("");
    const text = chatText("", HELLO, { connection: "close" }).replace(/authorization: .*\r\n/, lines);
    const [reply] = parseReplies(await exchangeBytes(pair.gateway.port, text));
    assert.equal(reply?.status, 401);
    assertErrorBody(reply?.body ?? "", "unauthenticated", /key/);
    assert.equal(pair.engine.seen.length, 0);
  });
}

test("a key in the query, a cookie, the body or basic authentication is no key", async () => {
  await using pair = await startPair();
  const { key, url } = pair.gateway;
  const basic = (text: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(text).toString("base64")}`,
  });
  const attempts: readonly (readonly [string, Record<string, string>, object])[] = [
    [`?key=${key}&api_key=${key}&api-key=${key}&access_token=${key}`, {}, {}],
    ["", { cookie: `key=${key}; authorization=Bearer ${key}` }, {}],
    ["", {}, { api_key: key, key, headers: { authorization: `Bearer ${key}` } }],
    ["", basic(`:${key}`), {}],
    ["", basic(`${key}:`), {}],
    ["", { authorization: key }, {}],
    ["", { authorization: `Token ${key}` }, {}],
    ["", { authorization: `Bearer${key}` }, {}],
    ["", { "proxy-authorization": `Bearer ${key}`, "x-forwarded-authorization": `Bearer ${key}` }, {}],
    ["", { "x-auth-token": key, apikey: key, "x-goog-api-key": key, "x-api-key": "" }, {}],
  ];
  for (const [query, headers, more] of attempts) {
    const response = await fetch(`${url}/v1/chat/completions${query}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ ...HELLO, ...more }),
    });
    await assertError(response, 401, "unauthenticated", /no key|no bearer token/);
  }
  assert.equal(pair.engine.seen.length, 0);
});

/** Texts that mean something to databases, templates, shells and prototypes. */
const HOSTILE: readonly string[] = [
  "' OR '1'='1",
  "'; DROP TABLE api_key; --",
  `" OR ""="`,
  "1) OR 1=1 --",
  "' UNION SELECT digest FROM api_key --",
  "\\' OR 1=1 #",
  "admin'/*",
  "$$; SELECT pg_sleep(10); $$",
  '{"$gt":""}',
  '{"$ne":null}',
  "[$ne]=x",
  "true, $where: '1 == 1'",
  "{{7*7}}",
  "${7*7}",
  "#{7*7}",
  "<%= 7*7 %>",
  "{{constructor.constructor('return process')()}}",
  "${process.env.PATH}",
  "{% debug %}",
  "__proto__",
  "constructor",
  "constructor.prototype",
  "toString",
  "$(id)",
  "`id`",
  "| cat /etc/passwd",
  "../../../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "file:///etc/passwd",
  "%00",
  "%s%s%s%n",
  "*)(uid=*))(|(uid=*",
  "<script>alert(1)</script>",
  "=cmd|' /C calc'!A0",
  "sy-",
  `sy-${"0".repeat(40)}`,
  `sy-${"\u00e9".repeat(40)}`,
  `sy-${"'".repeat(40)}`,
  `sy-${"a".repeat(3_000)}`,
  "null",
  "undefined",
  "NaN",
  "0",
  "-1",
  "\t",
];

test("hostile texts in place of a key are unknown keys, and the answer does not repeat them", async () => {
  await using pair = await startPair();
  for (const text of HOSTILE) {
    for (const headersOf of Object.values(CARRIERS)) {
      const error = await assertError(await send(pair, headersOf(text)), 401, "unauthenticated", /key/);
      assert.ok(text.trim().length < 4 || !error.message.replace(/\(sy-…\)/, "").includes(text), text);
    }
    const prefixed = await send(pair, { "x-api-key": pair.gateway.key.slice(0, 11) + text });
    await assertError(prefixed, 401, "unauthenticated", /key/);
  }
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

test("hostile texts as model, task, user, tag and path are names of nothing, and data", async () => {
  await using pair = await startPair();
  for (const text of HOSTILE) {
    const model = await postBody(pair, JSON.stringify({ ...HELLO, model: text }));
    await assertError(model, 404, "model_not_found", /there is no model/);
    const path = `GET /v1/models/${encodeURIComponent(text)} HTTP/1.1`;
    const [byPath] = parseReplies(
      await exchangeBytes(
        pair.gateway.port,
        requestText(path, { "x-api-key": pair.gateway.key, connection: "close" }),
      ),
    );
    assert.ok(byPath?.status === 404 || byPath?.status === 414 || byPath?.status === 431, text);
    if (text.length > 256 || text.trim() === "") continue;
    const worded = { ...HELLO, metadata: { switchyard_user: text, [text]: text } };
    const response = await postBody(pair, JSON.stringify(worded));
    assert.equal(response.status, 200, text);
    assert.equal(pair.gateway.records.at(-1)?.context?.user, text);
    const tags = pair.gateway.records.at(-1)?.tags ?? {};
    assert.ok(Object.hasOwn(tags, text) && tags[text] === text, text);
  }
  await assertAlive(pair);
});

test("a key's length, its first characters and its case all count", async () => {
  await using pair = await startPair();
  const { key } = pair.gateway;
  const near = [
    key.slice(0, -1),
    `${key}a`,
    key.toUpperCase(),
    key.toLowerCase(),
    key.replace("sy-", "SY-"),
    key.replace("sy-", ""),
    `"${key}"`,
    `Bearer ${key}`,
    key.slice(0, 11) + "a".repeat(32),
    key.normalize("NFKC").replace("-", "\u00ad"),
  ];
  for (const text of near) {
    await assertError(
      await send(pair, { "x-api-key": text }),
      401,
      "unauthenticated",
      /not one that this Switchyard/,
    );
  }
  // Space around it is the header's, not the key's.
  assert.equal((await send(pair, { "x-api-key": `  ${key}  ` })).status, 200);
});

test("a refused request without a key says how to send one, and how AWS clients do", async () => {
  await using pair = await startPair();
  await assertError(
    await send(pair, {}),
    401,
    "unauthenticated",
    /Authorization: Bearer.*x-api-key.*api-key/,
  );
  const signed =
    "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=0";
  await assertError(
    await send(pair, { authorization: signed }),
    401,
    "unauthenticated",
    /AWS_BEARER_TOKEN_BEDROCK.*access-key pair/,
  );
});

test("each request on a connection is judged by its own key, not by the one before", async () => {
  await using pair = await startPair();
  const other = pair.gateway.issue({ rights: rights({ tasks: ["none.*"] }) }).key;
  const keys = [pair.gateway.key, "sy-nobody", other, "", pair.gateway.key];
  const texts = keys.map((key, index) =>
    chatText(key, HELLO, index === keys.length - 1 ? { connection: "close" } : {}),
  );
  const replies = parseReplies(await exchangeBytes(pair.gateway.port, texts.join("")));
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 401, 403, 401, 200],
  );
  await using client = connectHttp2(pair.gateway.port);
  const over2 = await Promise.all(keys.map((key) => client.request(chatHeaders(key), JSON.stringify(HELLO))));
  assert.deepEqual(
    over2.map(({ status }) => status),
    [200, 401, 403, 401, 200],
  );
});
