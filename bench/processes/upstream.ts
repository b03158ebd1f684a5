import http from "node:http";
import type { AddressInfo } from "node:net";

/** An instant engine: a 600-byte reply, or a stream of `chunks` events, written at once or in pieces. */
const CHUNKS = 64;
const usage = { prompt_tokens: 120, completion_tokens: 64, total_tokens: 184 };
const plain = Buffer.from(
  JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1,
    model: "bench",
    choices: [{ index: 0, message: { role: "assistant", content: "x".repeat(380) }, finish_reason: "stop" }],
    usage,
  }),
);
const head = `{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,"model":"bench","choices":[`;
const event = Buffer.from(`data: ${head}{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n`);
const finish = Buffer.from(`data: ${head}{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n`);
const usageFrame = Buffer.from(`data: ${head}],"usage":${JSON.stringify(usage)}}\n\n`);
const done = Buffer.from("data: [DONE]\n\n");
const STREAM = Buffer.from('"stream":true');
const INCLUDE_USAGE = Buffer.from('"include_usage":true');

const server = http.createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    if (!body.includes(STREAM)) {
      response.writeHead(200, { "content-type": "application/json", "content-length": plain.length });
      response.end(plain);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    let left = CHUNKS;
    const next = (): void => {
      if (left-- > 0) {
        response.write(event);
        setImmediate(next);
        return;
      }
      response.write(finish);
      if (body.includes(INCLUDE_USAGE)) response.write(usageFrame);
      response.end(done);
    };
    next();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log(`ready ${(server.address() as AddressInfo).port}`));
