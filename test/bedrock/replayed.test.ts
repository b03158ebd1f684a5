import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { startGateway } from "../support/gateway.ts";
import { NO_RECORDINGS, recordings, type Recording } from "./recordings.ts";

const LEFT_OUT = new Set(["connection", "content-length", "transfer-encoding", "date", "keep-alive"]);

test("every recorded reply reaches the client as the provider sent it", { skip: NO_RECORDINGS }, async () => {
  const all = await recordings();
  assert.ok(all.length > 80, `${all.length} recordings`);
  let current: Recording | undefined;
  let upstreamBody = Buffer.alloc(0);
  let upstreamPath = "";
  const upstream = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      upstreamBody = Buffer.concat(parts);
      upstreamPath = request.url ?? "";
      const headers = Object.entries(current?.headers ?? {}).filter(([name]) => !LEFT_OUT.has(name));
      response.writeHead(current?.status ?? 500, Object.fromEntries(headers));
      response.end(current?.reply);
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  const models = [...new Set(all.map(({ model }) => model))];
  await using gateway = await startGateway(
    `providers: { aws: { kind: bedrock, region: us-east-1, baseUrl: "http://127.0.0.1:${port}", apiKey: env:TEST_BEDROCK_KEY } }
targets:
${models.map((model, index) => `  t${index}: { provider: aws, model: "${model}", tier: premium, price: { input: 3, output: 15 } }`).join("\n")}
`,
    { env: { TEST_BEDROCK_KEY: "test-bedrock-key" } },
  );
  for (const recording of all) {
    current = recording;
    const reply = await fetch(
      `${gateway.url}/model/${encodeURIComponent(recording.model)}/${recording.operation}`,
      {
        method: "POST",
        headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
        body: recording.request,
      },
    );
    const bytes = Buffer.from(await reply.arrayBuffer());
    assert.equal(reply.status, recording.status, `${recording.name}: ${bytes.toString().slice(0, 300)}`);
    assert.ok(bytes.equals(recording.reply), recording.name);
    for (const [name, value] of Object.entries(recording.headers))
      if (name.startsWith("x-amzn-"))
        assert.equal(reply.headers.get(name), value, `${recording.name} ${name}`);
    sameRequest(recording, upstreamPath, upstreamBody);
    const record = await gateway.record(reply.headers.get("x-switchyard-exchange") ?? "");
    assert.equal(record.status, recording.status === 200 ? "answered" : "failed", recording.name);
    assert.equal(record.estimated, false, recording.name);
  }
  assert.deepEqual(gateway.bugs, []);
  upstream.closeAllConnections();
  upstream.close();
});

/** What went upstream is what the client sent, with the exchange's labels and nothing else. */
function sameRequest({ request, operation, name }: Recording, path: string, sent: Buffer): void {
  assert.match(path, new RegExp(`^/model/[^/]+/${operation}$`), name);
  const body = JSON.parse(sent.toString()) as Record<string, unknown>;
  const wanted = JSON.parse(request.toString()) as Record<string, unknown>;
  if (operation.startsWith("converse")) {
    const labels = body["requestMetadata"] as Record<string, string>;
    assert.equal(labels["switchyard_tenant"], "acme", name);
    delete body["requestMetadata"];
    delete wanted["requestMetadata"];
  }
  assert.deepEqual(body, wanted, name);
}
