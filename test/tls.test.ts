import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http2 from "node:http2";
import path from "node:path";
import test from "node:test";
import tls from "node:tls";
import { Agent, request } from "undici";
import { runCli, startProcess } from "./support/process.ts";

const CONFIG = `providers:
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 10000 }
targets:
  sim: { provider: sim, model: sim-1, tier: small, price: { input: 1, output: 1 } }
tenants:
  acme: { tasks: ["*"] }
`;

test("self-signed TLS serves HTTP/1.1 and HTTP/2 by ALPN under a local authority whose path is printed", async () => {
  await using server = await startProcess({ config: `server: { tls: self-signed }\n${CONFIG}` });
  assert.match(server.url, /^https:/);
  const file = /^certificate authority (.+)$/m.exec(server.stdout())?.[1] ?? "";
  assert.equal(file, path.join(server.data, "tls/authority.pem"));
  const ca = await readFile(file, "utf8");

  const agent = new Agent({ connect: { ca } });
  const plain = await request(`${server.url}/healthz`, { dispatcher: agent });
  assert.equal(plain.statusCode, 200);
  await agent.close();

  const session = http2.connect(server.url, { ca });
  const stream = session.request({ ":path": "/healthz" });
  const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
  assert.equal(headers[":status"], 200);
  assert.equal((session.socket as tls.TLSSocket).alpnProtocol, "h2");
  session.destroy();

  // Commands find the server and trust its authority.
  const created = runCli(["keys", "create", "--tenant", "acme", "--data", server.data]);
  assert.equal(created.code, 0, created.err);
  assert.equal(await server.stop(), 0);
});

test("a client that does not know the authority is right to refuse", async () => {
  await using server = await startProcess({ config: `server: { tls: self-signed }\n${CONFIG}` });
  await assert.rejects(request(`${server.url}/healthz`), /self-signed|unable to verify|SELF_SIGNED/i);
  await server.stop();
});

test("with a control listener the gateway's port serves clients alone, and metrics need no token there", async () => {
  await using server = await startProcess({
    config: `server: { control: { listen: "127.0.0.1:0" } }\n${CONFIG}`,
  });
  const { control } = JSON.parse(await readFile(path.join(server.data, "server.json"), "utf8")) as {
    control: string;
  };
  assert.notEqual(control, server.url);
  assert.equal((await fetch(`${server.url}/api/config`)).status, 404);
  assert.equal((await fetch(`${server.url}/`)).status, 404);
  assert.equal((await fetch(`${control}/api/config`)).status, 401);
  const metrics = await fetch(`${control}/metrics`);
  assert.equal(metrics.status, 200);
  assert.match(await metrics.text(), /switchyard_exchanges_in_flight/);
  assert.equal((await fetch(`${control}/v1/models`)).status, 404);
  assert.equal(runCli(["keys", "create", "--tenant", "acme", "--data", server.data]).code, 0);
  await server.stop();
});
