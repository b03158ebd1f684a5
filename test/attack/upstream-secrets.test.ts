import assert from "node:assert/strict";
import test from "node:test";
import { chunk, DONE, Engine, plain, sse, type Script } from "../support/engine.ts";
import { startGateway, testSnapshot, type TestGateway } from "../support/gateway.ts";
import { chatText, exchangeBytes, HELLO } from "./support.ts";

/** With characters that JSON may spell in two ways. */
const SECRET = "sk-canary/4f9d+Zq/0123456789abcdef";

/** A gateway that calls the engine with our secret. */
async function startKeyed(engine: Engine, more = ""): Promise<TestGateway> {
  const yaml =
    `providers:\n  eng: { kind: openai-compatible, baseUrl: "${engine.url}", apiKey: "env:ENGINE_KEY"${more} }\n` +
    `targets:\n  fine: { provider: eng, model: up, tier: dedicated, price: { input: 1, output: 1 } }\n`;
  const gateway = await startGateway(`providers: {}\ntargets: {}\n`);
  gateway.gateway.swap(testSnapshot(yaml, { ENGINE_KEY: SECRET }));
  return gateway;
}

/** Every byte that the client receives and everything that is kept of the exchange. */
async function everything(gateway: TestGateway, stream: boolean): Promise<string> {
  const text = await exchangeBytes(
    gateway.port,
    chatText(gateway.key, { ...HELLO, stream }, { connection: "close" }),
  );
  assert.match(text, /^HTTP\/1\.1 \d{3} /);
  const id = /x-switchyard-exchange: (\S+)/i.exec(text)?.[1] ?? "";
  const record = JSON.stringify(await gateway.record(id), (_key, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
  return text + record;
}

/** The secret as it is, and as JSON may also spell it. */
function assertNoSecret(text: string): void {
  for (const spelt of [SECRET, SECRET.replaceAll("/", "\\/"), escaped(SECRET), encodeURIComponent(SECRET)]) {
    assert.ok(!text.includes(spelt), `the client can read our credential: …${around(text, spelt)}…`);
  }
}

const escaped = (text: string): string =>
  Buffer.from(text)
    .toString("hex")
    .replaceAll(/../g, (hex) => `\\u00${hex}`);

function around(text: string, part: string): string {
  const at = text.indexOf(part);
  return text.slice(Math.max(0, at - 120), at + 60);
}

test("the engine is given our credential, and not the client's", async () => {
  await using engine = await Engine.start();
  await using gateway = await startKeyed(engine);
  await (await gateway.chat(HELLO)).text();
  assert.equal(engine.seen[0]?.headers.authorization, `Bearer ${SECRET}`);
  assert.ok(!JSON.stringify(engine.seen[0]?.headers).includes(gateway.key));
});

const says = (message: string): string => JSON.stringify({ error: { message, type: "x", code: "y" } });

const BODIES: Readonly<Record<string, string>> = {
  "in the message": says(`Incorrect API key provided: ${SECRET}.`),
  "beside the message": JSON.stringify({ error: { message: "no", header: `Bearer ${SECRET}` } }),
  "with escaped slashes": says(`bad key ${SECRET}`).replaceAll("/", "\\/"),
  "with every character escaped": says("bad key KEY").replace("KEY", () => escaped(SECRET)),
  "as text": `bad key ${SECRET}`,
  "in a page": `<html>${SECRET}</html>`,
};

const STATUSES = [400, 401, 402, 403, 404, 407, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 529, 302];

for (const [what, body] of Object.entries(BODIES)) {
  test(`a refusal that repeats our credential ${what} does not take it to the client or the record`, async () => {
    await using engine = await Engine.start();
    await using gateway = await startKeyed(engine);
    for (const status of STATUSES) {
      engine.script = (_request, response) => plain(response, status, body);
      for (const stream of [false, true]) assertNoSecret(await everything(gateway, stream));
    }
  });
}

test("a refusal that repeats our credential in its headers keeps them to itself", async () => {
  await using engine = await Engine.start();
  await using gateway = await startKeyed(engine);
  for (const status of STATUSES) {
    engine.script = (_request, response) =>
      plain(response, status, says("no"), {
        authorization: `Bearer ${SECRET}`,
        "www-authenticate": `Bearer realm="${SECRET}"`,
        "set-cookie": `key=${SECRET}`,
        location: `https://example.invalid/?key=${encodeURIComponent(SECRET)}`,
        "retry-after": SECRET,
        "x-goog-api-key": SECRET,
        "api-key": SECRET,
      });
    assertNoSecret(await everything(gateway, false));
  }
});

for (const status of [200, 400]) {
  test(`the headers of a ${status} that are passed on are passed without our credential`, async () => {
    await using engine = await Engine.start();
    await using gateway = await startKeyed(engine);
    for (const name of [
      "x-request-id",
      "openai-version",
      "openai-model",
      "apim-request-id",
      "content-type",
    ]) {
      engine.script = (_request, response) =>
        plain(response, status, says("no"), {
          [name]: name === "content-type" ? `application/json; key="${SECRET}"` : SECRET,
        });
      assertNoSecret(await everything(gateway, false));
    }
  });
}

test("a status line's reason is not passed on", async () => {
  await using engine = await Engine.start((_request, response) => {
    response.writeHead(500, SECRET);
    response.end("{}");
  });
  await using gateway = await startKeyed(engine);
  assertNoSecret(await everything(gateway, false));
});

test("an error in mid-stream that repeats our credential does not take it to the client or the record", async () => {
  const inStream =
    (event: string): Script =>
    (_request, response) => {
      sse(response);
      response.end(chunk("a") + event + DONE);
    };
  await using engine = await Engine.start();
  await using gateway = await startKeyed(engine);
  for (const body of [says(`bad key ${SECRET}`), says(`bad key ${SECRET}`).replaceAll("/", "\\/")]) {
    engine.script = inStream(`data: ${body}\n\n`);
    assertNoSecret(await everything(gateway, true));
  }
});

test("a vendor that wants its key in another header does not get it in two", async () => {
  await using engine = await Engine.start();
  await using gateway = await startKeyed(engine, `, vendor: azure, apiVersion: "2024-10-21"`);
  await (await gateway.chat(HELLO)).text();
  assert.equal(engine.seen[0]?.headers["api-key"], SECRET);
  assert.equal(engine.seen[0]?.headers.authorization, undefined);
});
