import fastify from "fastify";
import { Pool } from "undici";

/**
 * The floor: a bare Fastify + undici proxy. Plain bodies pass as bytes. Streams are read event by event, each parsed and
 * written again, as most gateways do it.
 */
const pool = new Pool(process.argv[2] ?? "", { connections: 64, headersTimeout: 0, bodyTimeout: 0 });
const app = fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
const headers = { "content-type": "application/json", authorization: "Bearer upstream" };
const STREAM = Buffer.from('"stream":true');

app.post("/v1/chat/completions", async (request, reply) => {
  const body = request.body as Buffer;
  const answer = await pool.request({ method: "POST", path: "/v1/chat/completions", headers, body });
  if (!body.includes(STREAM)) {
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    void reply.code(answer.statusCode).header("content-type", answer.headers["content-type"]);
    return reply.send(bytes);
  }
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { "content-type": "text/event-stream" });
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of answer.body) {
    pending += decoder.decode(chunk as Buffer, { stream: true });
    for (let end = pending.indexOf("\n\n"); end !== -1; end = pending.indexOf("\n\n")) {
      const data = pending.slice(6, end);
      pending = pending.slice(end + 2);
      raw.write(data === "[DONE]" ? "data: [DONE]\n\n" : `data: ${JSON.stringify(JSON.parse(data))}\n\n`);
    }
  }
  raw.end();
});
await app.listen({ host: "127.0.0.1", port: 0 });
const address = app.server.address();
console.log(`ready ${typeof address === "object" ? address?.port : ""}`);
