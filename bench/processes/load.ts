import { Pool } from "undici";

/**
 * Sends requests over keep-alive connections, each when the one before it is answered, and tells what came of them.
 * Commands on stdin, one a line: `<origin> <key> <stream|plain> <connections> <requests>`; the answer is a JSON line.
 */
const content = "Summarise this ticket in two sentences, then name the customer's mood in one word. "
  .repeat(6)
  .slice(0, 470);
const body = (stream: boolean): string =>
  JSON.stringify({
    model: "bench",
    ...(stream && { stream: true }),
    temperature: 0.2,
    messages: [
      { role: "system", content: "You answer briefly." },
      { role: "user", content },
    ],
  });

async function run(
  origin: string,
  key: string,
  stream: boolean,
  connections: number,
  requests: number,
): Promise<object> {
  const pool = new Pool(origin, { connections, headersTimeout: 0, bodyTimeout: 0 });
  const payload = body(stream);
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  let left = requests;
  let failed = 0;
  let bytes = 0;
  const times: number[] = [];
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const start = performance.now();
      const { statusCode, body: answer } = await pool.request({
        method: "POST",
        path: "/v1/chat/completions",
        headers,
        body: payload,
      });
      for await (const chunk of answer) bytes += (chunk as Buffer).length;
      if (statusCode !== 200) failed++;
      times.push(performance.now() - start);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - start) / 1_000;
  await pool.close();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? 0;
  return {
    requests,
    failed,
    bytes,
    perSecond: requests / seconds,
    p50: at(0.5),
    p99: at(0.99),
    bodyBytes: payload.length,
  };
}

process.stdin.setEncoding("utf8");
let pending = "";
for await (const text of process.stdin) {
  pending += String(text);
  for (let end = pending.indexOf("\n"); end !== -1; end = pending.indexOf("\n")) {
    const [origin = "", key = "", kind, connections, requests] = pending.slice(0, end).split(" ");
    pending = pending.slice(end + 1);
    console.log(
      JSON.stringify(await run(origin, key, kind === "stream", Number(connections), Number(requests))),
    );
  }
}
