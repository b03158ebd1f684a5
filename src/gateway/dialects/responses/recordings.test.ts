import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import { parse as parseYaml } from "yaml";
import { parse, SEAL_KEY } from "../../../../test/support/responses-dialect.ts";
import { finalResponse } from "./history.ts";
import { readResponsesChat } from "./read-chat.ts";

/** Recorded exchanges with OpenAI and with Bedrock's endpoint of the same API, where they are beside the repository. */
const FOLDER = path.resolve(import.meta.dirname, "../../../../../shared/data/wire/bedrock");
const skip = existsSync(FOLDER) ? false : "the recordings are not beside the repository";

interface Interaction {
  readonly request: { readonly uri: string; readonly body?: string; readonly parsed_body?: unknown };
  readonly response: {
    readonly status: { readonly code: number };
    readonly body?: { readonly string: string };
    readonly parsed_body?: unknown;
  };
}

async function recorded(): Promise<Interaction[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".yaml"));
  const all: Interaction[] = [];
  for (const name of files) {
    const text = await readFile(path.join(FOLDER, name), "utf8");
    const { interactions } = parseYaml(text, { customTags: ["binary"] }) as { interactions: Interaction[] };
    all.push(...interactions.filter(({ request }) => request.uri.endsWith("/responses")));
  }
  return all;
}

test("every recorded request is read, and nothing in it is left over", { skip }, async () => {
  const all = await recorded();
  assert.ok(all.length > 3);
  for (const { request } of all) {
    const body = request.body ?? JSON.stringify(request.parsed_body);
    assert.equal(parse(body).request.dialect, "responses");
    const { messages, others } = readResponsesChat(Buffer.from(body), SEAL_KEY);
    assert.ok(messages.length > 0);
    assert.deepEqual(
      others.filter(({ name }) => name !== "reasoning.summary"),
      [],
    );
  }
});

test("every recorded reply is found at its end, and its output may be input again", { skip }, async () => {
  for (const { response } of await recorded()) {
    const isStream = response.body !== undefined;
    const bytes = Buffer.from(response.body?.string ?? JSON.stringify(response.parsed_body));
    const { id, output, status } = finalResponse(bytes, isStream) ?? assert.fail("no final response");
    assert.match(id, /^resp_/);
    assert.equal(status, "completed");
    const input = [{ role: "user", content: "hi" }, ...output];
    const { messages } = readResponsesChat(Buffer.from(JSON.stringify({ input })), SEAL_KEY);
    assert.equal(messages.at(-1)?.role, "assistant");
  }
});
