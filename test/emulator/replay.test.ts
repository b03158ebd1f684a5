import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { checkRecordings } from "../../src/emulator/index.ts";
import { readRecordings } from "../../src/emulator/replay/recordings.ts";
import { asking, NOVA, post, RECORDINGS, refusalOf, sdk, start, withoutRecordings } from "./support.ts";

const FIXTURES = new URL("fixtures/", import.meta.url).pathname;

test("a recorded request gets its recorded replies in order, the last one again and again", async () => {
  await using emulator = await start({ recordings: FIXTURES });
  using runtime = sdk(emulator);
  const texts: (string | undefined)[] = [];
  for (let time = 0; time < 3; time++) {
    const answer = await runtime.send(new ConverseCommand(asking("How are you?", { modelId: NOVA })));
    texts.push(answer.output?.message?.content?.[0]?.text);
  }
  assert.deepEqual(texts, ["Recorded once.", "Recorded twice.", "Recorded twice."]);
  const other = await runtime.send(new ConverseCommand(asking("And you?", { modelId: NOVA })));
  assert.ok(!other.output?.message?.content?.[0]?.text?.startsWith("Recorded"));
});

test("a recorded error has a class although recorders leave its header out", async () => {
  await using emulator = await start({ open: true, recordings: FIXTURES });
  // Another layout of the same JSON, and the colon as it is.
  const { status, type, json } = await post(
    emulator,
    "/model/us.does-not-exist-model-v1:0/converse",
    '{ "inferenceConfig":{}, "system":[], "messages":[{"content":[{"text":"hello"}],"role":"user"}]}',
  );
  assert.deepEqual(
    [status, type, json.message],
    [400, "ValidationException", "The provided model identifier is invalid."],
  );
});

test("replaying does not let anybody in", async () => {
  await using emulator = await start({ recordings: FIXTURES });
  const { status } = await post(emulator, `/model/${NOVA}/converse`, {
    messages: [{ role: "user", content: [{ text: "How are you?" }] }],
  });
  assert.equal(status, 403);
});

test("what is recorded is compared with what is answered", async () => {
  await using emulator = await start({ open: true });
  const results = await checkRecordings(FIXTURES, emulator.url);
  assert.deepEqual(
    results.map(({ number, same }) => [number, same]),
    [
      [1, true],
      [2, true],
      [3, true],
    ],
  );
});

test("a folder without recordings is refused with what it should hold", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "recordings-"));
  try {
    await assert.rejects(start({ recordings: folder }), /no recorded request to a bedrock-runtime host/);
    await writeFile(path.join(folder, "broken.yaml"), "a: [");
    await assert.rejects(start({ recordings: folder }), /broken\.yaml is no YAML/);
  } finally {
    await rm(folder, { recursive: true });
  }
  const error = await refusalOf(start({ recordings: folder }));
  assert.match(error.message, /cannot be read/);
});

test(
  "every recorded request gets its recorded status, class of error and message without replay",
  { skip: withoutRecordings },
  async () => {
    await using emulator = await start({ open: true });
    const results = await checkRecordings(RECORDINGS, emulator.url);
    assert.ok(results.length > 100);
    for (const { file, request, recorded, answered } of results)
      assert.deepEqual(answered, recorded, `${file}: ${request}`);
  },
);

test("recorded bytes are replayed as they are, streams too", { skip: withoutRecordings }, async () => {
  await using emulator = await start({ open: true, recordings: RECORDINGS });
  const seen = new Set<string>();
  for (const { method, path: place, body, status, reply } of readRecordings(RECORDINGS)) {
    const key = `${place} ${body.toString("base64")}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const response = await fetch(emulator.url + place, { method, body: new Uint8Array(body) });
    assert.equal(response.status, status);
    assert.ok(Buffer.from(await response.arrayBuffer()).equals(reply));
  }
});
