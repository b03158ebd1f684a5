import assert from "node:assert/strict";
import test from "node:test";
import { Engine } from "../support/engine.ts";
import { startGateway, targetsOn, type TestGateway } from "../support/gateway.ts";
import { assertError, chatText, exchangeBytes, HELLO, parseReplies, rights, startPair } from "./support.ts";

type Headers = Record<string, string>;
const meta = (words: object): object => ({ ...HELLO, metadata: words });

test("what a key pins cannot be changed, by header or metadata, and may be repeated", async () => {
  await using pair = await startPair();
  const { key } = pair.gateway.issue({
    rights: rights({
      pinned: { user: "ann", feature: "search", sensitivity: "internal" },
      metadataWords: true,
    }),
  });
  const refused: readonly (readonly [object, Headers])[] = [
    [HELLO, { "x-switchyard-user": "ben" }],
    [HELLO, { "X-Switchyard-User": "ben" }],
    [HELLO, { "x-switchyard-user": "Ann" }],
    [HELLO, { "x-switchyard-feature": "chat", "x-switchyard-user": "ann" }],
    [meta({ switchyard_user: "ben" }), {}],
    [meta({ user: "ben" }), {}],
    [meta({ switchyard_user: "ann" }), { "x-switchyard-user": "ben" }],
    [HELLO, { "x-switchyard-sensitivity": "confidential" }],
  ];
  for (const [body, headers] of refused) {
    const response = await pair.gateway.chat(body, { key, headers });
    await assertError(response, 403, "forbidden", /this key pins (user|feature|sensitivity) to/);
  }
  assert.equal(pair.engine.seen.length, 0);
  const same = await pair.gateway.chat(meta({ switchyard_feature: "search" }), {
    key,
    headers: { "x-switchyard-user": "ann" },
  });
  assert.equal(same.status, 200);
  assert.equal(pair.gateway.records.at(-1)?.context?.user, "ann");
});

test("a metadata word cannot undo what the header says, nor a bare word what the prefixed one says", async () => {
  await using pair = await startPair();
  const { key } = pair.gateway.issue({ rights: rights({ metadataWords: true }) });
  const headers = { "x-switchyard-user": "header" };
  await pair.gateway.chat(meta({ switchyard_user: "prefixed", user: "bare" }), { key, headers });
  assert.equal(pair.gateway.records.at(-1)?.context?.user, "header");
  await pair.gateway.chat(meta({ switchyard_user: "prefixed", user: "bare" }), { key });
  assert.equal(pair.gateway.records.at(-1)?.context?.user, "prefixed");
  await pair.gateway.chat(meta({ user: "bare", switchyard_user: "prefixed" }), { key });
  assert.equal(pair.gateway.records.at(-1)?.context?.user, "prefixed");
});

/** Four classes of target; "acme" begins at internal, "bank" at confidential. */
async function startClasses(engine: Engine): Promise<TestGateway> {
  return startGateway(
    targetsOn(engine.url, ["open"], ", dataClasses: [public]") +
      `  closed: { provider: eng, model: c, tier: dedicated, price: { input: 1, output: 1 }, dataClasses: [internal, confidential, restricted] }\n` +
      `tenants:\n  acme: { tasks: ["*"], sensitivity: internal }\n  bank: { tasks: ["*"], sensitivity: confidential }\n` +
      `  guest: { tasks: ["*"], sensitivity: public }\n`,
  );
}

test("a request may raise its sensitivity above the tenant's and the key's, and never lower it", async () => {
  await using engine = await Engine.start();
  await using gateway = await startClasses(engine);
  const keyed = gateway.issue({
    tenant: "acme",
    rights: rights({ defaults: { sensitivity: "restricted" } }),
  }).key;
  const weak = gateway.issue({ tenant: "bank", rights: rights({ defaults: { sensitivity: "public" } }) }).key;
  const cases: readonly (readonly [string, string, string])[] = [
    [gateway.key, "public", "internal"],
    [keyed, "internal", "restricted"],
    [keyed, "confidential", "restricted"],
    [weak, "public", "confidential"],
    [weak, "internal", "confidential"],
  ];
  for (const [key, wanted, floor] of cases) {
    const says = new RegExp(`"${wanted}" is below this key's "${floor}"`);
    const byHeader = { key, headers: { "x-switchyard-sensitivity": wanted } };
    await assertError(await gateway.chat({ ...HELLO, model: "closed" }, byHeader), 403, "forbidden", says);
    const byBody = { ...meta({ switchyard_sensitivity: wanted }), model: "closed" };
    await assertError(await gateway.chat(byBody, { key }), 403, "forbidden", says);
  }
  assert.equal(engine.seen.length, 0);
  const raised = await gateway.chat(
    { ...HELLO, model: "closed" },
    { headers: { "x-switchyard-sensitivity": "restricted" } },
  );
  assert.equal(raised.status, 200);
  assert.equal(gateway.records.at(-1)?.context?.sensitivity, "restricted");
});

test("data of a class that a target does not take never reaches it", async () => {
  await using engine = await Engine.start();
  await using gateway = await startClasses(engine);
  const denied = await gateway.chat({ ...HELLO, model: "open" });
  await assertError(denied, 403, "policy_denied", /takes public data, not internal/);
  const guest = gateway.issue({ tenant: "guest" }).key;
  assert.equal((await gateway.chat({ ...HELLO, model: "open" }, { key: guest })).status, 200);
  const raised = { key: guest, headers: { "x-switchyard-sensitivity": "internal" } };
  await assertError(
    await gateway.chat({ ...HELLO, model: "open" }, raised),
    403,
    "policy_denied",
    /not internal/,
  );
  assert.equal(engine.seen.length, 1);
});

test("a sensitivity sent twice is no sensitivity, and is not the weaker of the two", async () => {
  await using pair = await startPair();
  const text = chatText(pair.gateway.key, HELLO, { connection: "close" }).replace(
    "connection:",
    "x-switchyard-sensitivity: restricted\r\nx-switchyard-sensitivity: internal\r\nconnection:",
  );
  const [reply] = parseReplies(await exchangeBytes(pair.gateway.port, text));
  assert.equal(reply?.status, 400);
  assert.match(reply?.body ?? "", /context_invalid/);
  assert.equal(pair.engine.seen.length, 0);
});

test("a header beyond those that are kept is not dropped without a word", async () => {
  await using pair = await startPair();
  const many = Array.from({ length: 2_500 }, () => "a:b\r\n").join("");
  const text = chatText(pair.gateway.key, HELLO, { connection: "close" });
  const at = text.indexOf("\r\n\r\n") + 2;
  const sent = `${text.slice(0, at)}${many}x-switchyard-sensitivity: restricted\r\n${text.slice(at)}`;
  const [reply] = parseReplies(await exchangeBytes(pair.gateway.port, sent));
  assert.ok(reply?.status === 403 || reply?.status === 431 || reply?.status === 400, String(reply?.status));
  assert.equal(pair.engine.seen.length, 0);
});

test("a key acts for its own tenant, and for others only where it may", async () => {
  await using engine = await Engine.start();
  await using gateway = await startGateway(
    `${targetsOn(engine.url, ["fine"])}tenants:\n  acme: { tasks: ["*"] }\n  globex: { tasks: ["*"] }\n  inert: { tasks: ["none.*"] }\n`,
  );
  const as = (tenant: string, key = gateway.key): Promise<Response> =>
    gateway.chat(HELLO, { key, headers: { "x-switchyard-tenant": tenant } });
  for (const tenant of ["globex", "Acme", "acme, globex", "*", "__proto__", "constructor", "nobody"]) {
    await assertError(await as(tenant), 403, "forbidden", /belongs to the tenant "acme" and may not act for/);
  }
  assert.equal(engine.seen.length, 0);
  assert.equal((await as("acme")).status, 200);
  const agent = gateway.issue({ rights: rights({ actFor: ["globex", "inert", "gone"] }) }).key;
  assert.equal((await as("globex", agent)).status, 200);
  assert.equal(gateway.records.at(-1)?.context?.tenant, "globex");
  await assertError(await as("gone", agent), 403, "forbidden", /"gone" is not in the configuration/);
  // In another's name it may do what that tenant may, no more.
  await assertError(await as("inert", agent), 403, "forbidden", /may not use "fine"/);
  const anyone = gateway.issue({ rights: rights({ actFor: ["*"] }) }).key;
  await assertError(await as("__proto__", anyone), 403, "forbidden", /is not in the configuration/);
  const inBody = await gateway.chat({ ...HELLO, metadata: { switchyard_tenant: "globex" } }, { key: agent });
  await assertError(inBody, 400, "context_invalid", /"tenant" is no word/);
});

test("an unknown x-switchyard header is named, not passed over", async () => {
  await using pair = await startPair();
  const unknown = [
    "sensitivty",
    "exchange",
    "target",
    "key",
    "__proto__",
    "constructor",
    "",
    "user.",
    "x-switchyard-user",
  ];
  for (const word of unknown) {
    const response = await pair.gateway.chat(HELLO, { headers: { [`x-switchyard-${word}`]: "x" } });
    await assertError(response, 400, "context_invalid", /is no word of the context; there are: tenant, user/);
  }
  assert.equal(pair.engine.seen.length, 0);
});

test("a key that is revoked or expires is refused from then on, on connections that it opened too", async () => {
  await using pair = await startPair();
  const { key, record } = pair.gateway.issue({ expiresAtMs: Date.now() + 60_000 });
  assert.equal((await pair.gateway.chat(HELLO, { key })).status, 200);
  pair.gateway.ring.put([{ ...record, revokedAtMs: Date.now() }]);
  await assertError(await pair.gateway.chat(HELLO, { key }), 401, "key_revoked", /was revoked at/);
  const models = await fetch(`${pair.gateway.url}/v1/models`, { headers: { "x-api-key": key } });
  await assertError(models, 401, "key_revoked", /was revoked at/);
  pair.gateway.ring.put([{ ...record, expiresAtMs: Date.now() }]);
  await assertError(await pair.gateway.chat(HELLO, { key }), 401, "key_expired", /expired at/);
  assert.equal(pair.engine.seen.length, 1);
});

test("words of the context and headers about them never reach the engine", async () => {
  await using pair = await startPair();
  const { key } = pair.gateway.issue({ rights: rights({ metadataWords: true }) });
  const response = await pair.gateway.chat(
    meta({ switchyard_user: "canary-1", feature: "canary-2", kept: "tag", switchyard_prompt: "canary-3@1" }),
    {
      key,
      headers: {
        "x-switchyard-app": "canary-4",
        "x-switchyard-tenant": "acme",
        "x-switchyard-journey": "canary-5",
      },
    },
  );
  assert.equal(response.status, 200);
  const sent = JSON.stringify(pair.engine.seen[0]?.headers) + pair.engine.lastBody;
  assert.doesNotMatch(sent, /canary|switchyard[-_]/);
  assert.ok(!sent.includes(key));
  assert.match(pair.engine.lastBody, /"metadata":\{"kept":"tag"\}/);
  assert.equal(pair.engine.seen[0]?.headers["user-agent"], "switchyard");
});
