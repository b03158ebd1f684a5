import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { ENDPOINTS } from "../../src/control/contract.ts";
import {
  ControlApi,
  HELLO,
  REPORTS,
  type Chat,
  type ExchangeInfo,
  type ExchangeList,
  type Journey,
  type Sent,
  type Usage,
} from "./api-support.ts";

describe("the control API's contract", () => {
  let api: ControlApi;
  /** The exchanges that were made, by what they are. */
  const made = new Map<string, Sent>();

  before(async () => {
    api = await ControlApi.start();
    const limited = await api.server.key({ tenant: "globex", tasks: ["support.answer"] });
    const say = async (what: string, body: object | string, how: Chat = {}): Promise<void> =>
      void made.set(what, await api.chat(body, how));
    const trip = { "x-switchyard-journey": "trip", "x-switchyard-user": "ann" };
    await say("plain", { model: "fine", ...HELLO }, { headers: trip });
    await say("stream", { model: "fine", stream: true, ...HELLO }, { headers: trip });
    await say(
      "fallback",
      { model: "support.answer", ...HELLO, metadata: { team: "a", note: "語" } },
      { headers: trip },
    );
    await say("failed", { model: "support.doomed", ...HELLO }, { headers: trip });
    await say("unknown model", { model: "nothing", ...HELLO });
    await say("forbidden", { model: "support.doomed", ...HELLO }, { key: limited });
    await say("other tenant", { model: "support.answer", ...HELLO }, { key: limited, headers: trip });
    await say("not JSON", "{");
    await say("bad word", { model: "fine", ...HELLO }, { headers: { "x-switchyard-latency": "soon" } });
    await say("unauthenticated", { model: "fine", ...HELLO }, { key: "sy-nobody" });
    for (const model of Object.keys(REPORTS)) {
      const name = model.replace("-up", "");
      const headers = { "x-switchyard-app": name };
      await say(name, { model: name, ...HELLO }, { headers });
      await say(`${name} stream`, { model: name, stream: true, ...HELLO }, { headers });
    }
    await say("abandoned", { model: "endless", stream: true, ...HELLO }, { leave: true });
    await untilListed(made.get("abandoned")?.id ?? "");
  });

  after(async () => api?.[Symbol.asyncDispose]());

  async function exchange(what: string): Promise<ExchangeInfo> {
    return api.asked("getExchange", `/api/exchanges/${made.get(what)?.id}`);
  }

  async function untilListed(id: string): Promise<void> {
    for (let tries = 0; tries < 500; tries++) {
      if ((await api.server.api(`/api/exchanges/${id}`)).status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail(`the exchange ${id} did not come to an end`);
  }

  test("exchanges of every kind are in the ledger as what they were, and answer by the contract", async () => {
    for (const [what, status, code, attempts] of [
      ["plain", "answered", null, ["answered"]],
      ["stream", "answered", null, ["answered"]],
      ["fallback", "answered", null, ["failed", "answered"]],
      ["failed", "failed", "upstream_error", ["failed"]],
      ["unknown model", "refused", "model_not_found", []],
      ["forbidden", "refused", "forbidden", []],
      ["not JSON", "refused", "invalid_request", []],
      ["bad word", "refused", "context_invalid", []],
      ["unauthenticated", "refused", "unauthenticated", []],
      ["silent", "answered", null, ["answered"]],
      ["negative", "answered", null, ["answered"]],
      ["absurd", "answered", null, ["answered"]],
    ] as const) {
      const info = await exchange(what);
      assert.equal(info.status, status, what);
      assert.equal(info.code, code, what);
      assert.deepEqual(
        info.attempts.map((attempt) => attempt.status),
        attempts,
        what,
      );
    }
    const abandoned = await exchange("abandoned");
    assert.equal(abandoned.status, "abandoned");
    assert.equal(abandoned.estimated, true);
  });

  test("what a fallback did is told attempt by attempt, with its tags and its decision", async () => {
    const info = await exchange("fallback");
    assert.equal(info.target, "fine");
    assert.deepEqual(
      info.attempts.map(({ target, cause }) => [target, cause]),
      [
        ["broken", "the upstream answered 500"],
        ["fine", null],
      ],
    );
    assert.deepEqual(info.tags, { team: "a", note: "語" });
    const decision = await api.asked<{ id: string; candidates: { target: string }[] }>(
      "getDecision",
      `/api/exchanges/${info.id}/decision`,
    );
    assert.equal(decision.id, info.id);
    assert.equal(info.decisionId, info.id);
    assert.deepEqual(
      decision.candidates.map(({ target }) => target),
      ["broken", "fine"],
    );
    const { id } = made.get("not JSON") ?? { id: "" };
    assert.match(await api.problem("getDecision", `/api/exchanges/${id}/decision`, 404), /refused/);
  });

  test("what was streamed costs what the same reply costs in one piece", async () => {
    const [whole, streamed] = [await exchange("plain"), await exchange("stream")];
    assert.equal(whole.costNano, "18000");
    assert.equal(streamed.costNano, whole.costNano);
    assert.equal(streamed.costUsd, whole.costUsd);
    assert.deepEqual(streamed.usage, whole.usage);
    assert.equal(streamed.stream, true);
    assert.equal(whole.stream, false);
  });

  for (const form of ["", " stream"]) {
    test(`a usage that the upstream does not tell is estimated, and counted as such${form}`, async () => {
      const info = await exchange(`silent${form}`);
      assert.equal(info.estimated, true);
      assert.equal(info.flagged, false);
      assert.ok(info.usage.inputTokens > 0 && info.usage.outputTokens > 0);
      assert.ok(BigInt(info.costNano) > 0n);
      const usage = await api.asked<Usage>("getUsage", "/api/usage?by=app&since=1h&app=silent");
      assert.equal(usage.total.exchanges, 2);
      assert.equal(usage.total.estimated, 2);
      assert.equal(usage.total.estimatedCostNano, usage.total.costNano);
    });

    for (const what of ["negative", "absurd"]) {
      test(`a usage that cannot be (${what}${form}) is flagged, told as it was reported, and not summed`, async () => {
        const info = await exchange(`${what}${form}`);
        assert.equal(info.flagged, true);
        assert.notEqual(info.reported, null);
        assert.equal(info.estimated, true);
        assert.ok(info.usage.inputTokens < 1_000 && info.usage.outputTokens < 1_000);
        const usage = await api.asked<Usage>("getUsage", `/api/usage?since=1h&app=${what}`);
        assert.equal(usage.total.flagged, 2);
        assert.ok(usage.total.inputTokens < 1_000 && usage.total.outputTokens < 1_000);
      });
    }

    for (const what of ["cached", "thinking"]) {
      test(`a part of a usage that is larger than any whole (${what}${form}) does not keep the exchange out of the ledger`, async () => {
        const info = await exchange(`${what}${form}`);
        assert.equal(info.status, "answered");
        assert.ok(info.usage.cachedInputTokens <= 2 ** 31 && info.usage.reasoningTokens <= 2 ** 31);
      });
    }
  }

  test("every exchange that a client was told of is listed, newest first, and found by every filter that fits it", async () => {
    const rows = await api.listed();
    const ids = new Set(rows.map(({ id }) => id));
    const missing = [...made].filter(([, { id }]) => !ids.has(id)).map(([what]) => what);
    assert.deepEqual(missing, []);
    for (const [index, row] of rows.entries())
      if (index > 0) assert.ok(row.startedAt <= (rows[index - 1]?.startedAt ?? ""));
    const stream = await exchange("stream");
    for (const word of [
      "tenant",
      "user",
      "journey",
      "latency",
      "key",
      "target",
      "provider",
      "model",
    ] as const) {
      const found = await api.listed(`&${word}=${encodeURIComponent(stream[word] ?? "")}`);
      assert.ok(found.some(({ id }) => id === stream.id) && found.every((row) => row[word] === stream[word]));
      const without = await api.listed(`&${word}=`);
      assert.ok(without.every((row) => row[word] === null));
    }
    for (const status of ["answered", "refused", "failed", "abandoned", "killed"])
      assert.ok((await api.listed(`&status=${status}`)).every((row) => row.status === status));
    assert.deepEqual(
      (await api.listed("&code=forbidden")).map(({ id }) => id),
      [made.get("forbidden")?.id],
    );
  });

  test("usage adds up what the list shows, by every word and in total", async () => {
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const rows = await api.listed(`&since=${since}`);
    const cost = rows.reduce((sum, row) => sum + BigInt(row.costNano), 0n);
    for (const by of [
      "tenant",
      "user,app",
      "code",
      "key",
      "hour",
      "day,model",
      "month,status",
      "target,dialect,journey",
    ]) {
      const usage = await api.asked<Usage>("getUsage", `/api/usage?by=${by}&since=${since}`);
      assert.equal(usage.total.exchanges, rows.length, by);
      assert.equal(usage.total.costNano, String(cost), by);
      assert.equal(usage.total.estimated, rows.filter(({ estimated }) => estimated).length, by);
      assert.equal(usage.total.flagged, rows.filter(({ flagged }) => flagged).length, by);
      assert.equal(
        usage.rows.reduce((sum, row) => sum + row.exchanges, 0),
        rows.length,
        by,
      );
      for (const row of usage.rows) for (const word of by.split(",")) assert.ok(word in row);
      assert.equal(usage.rest, null);
      assert.equal(usage.lagSeconds, 0);
    }
    const cut = await api.asked<Usage>("getUsage", `/api/usage?by=status&since=${since}&limit=1`);
    assert.equal(cut.rows.length, 1);
    assert.equal((cut.rows[0]?.exchanges ?? 0) + (cut.rest?.exchanges ?? 0), cut.total.exchanges);
    const total = await api.asked<Usage>("getUsage", `/api/usage?since=${since}`);
    assert.deepEqual(total.rows, []);
  });

  test("a journey is its exchanges, oldest first, and what all of them cost", async () => {
    const journey = await api.asked<Journey>("getJourney", "/api/journeys/trip");
    assert.deepEqual(
      journey.rows.map(({ id }) => id),
      ["plain", "stream", "fallback", "failed", "other tenant"].map((what) => made.get(what)?.id),
    );
    assert.deepEqual(journey.tenants.toSorted(), ["acme", "globex"]);
    assert.equal(journey.startedAt, journey.rows[0]?.startedAt);
    assert.equal(journey.total.exchanges, 5);
    assert.equal(journey.total.failed, 1);
    const cost = journey.rows.reduce((sum, row) => sum + BigInt(row.costNano), 0n);
    assert.equal(journey.total.costNano, String(cost));
    const ours = await api.asked<Journey>("getJourney", "/api/journeys/trip?tenant=acme");
    assert.equal(ours.total.exchanges, 4);
    assert.deepEqual(ours.tenants, ["acme"]);
    await api.problem("getJourney", "/api/journeys/nowhere", 404);
  });

  test("a journey adds up to the same whatever its list is limited to", async () => {
    const whole = await api.asked<Journey>("getJourney", "/api/journeys/trip");
    const cut = await api.asked<Journey>("getJourney", "/api/journeys/trip?limit=2");
    assert.equal(cut.rows.length, 2);
    assert.deepEqual(cut.total, whole.total);
  });

  test("a journey is found by its name, whatever the name is made of", async () => {
    for (const name of ["a/b?c#d%20", "Ä 語 😀", "..", "x".repeat(256), "語".repeat(256), "😀".repeat(128)]) {
      const body = { model: "fine", ...HELLO, metadata: { switchyard_journey: name } };
      const { id } = await api.chat(body);
      // A client may write dots as they are or not.
      const path = name === ".." ? "%2E%2E" : encodeURIComponent(name);
      if (name !== "..") {
        const journey = await api.asked<Journey>("getJourney", `/api/journeys/${path}`);
        assert.deepEqual([journey.id, journey.rows.map((row) => row.id)], [name, [id]]);
      }
      const found = await api.listed(`&journey=${path}`);
      assert.deepEqual(
        found.map((row) => row.id),
        [id],
      );
    }
  });

  test("pages walk through all exchanges that were there, each once, while others arrive", async () => {
    for (let index = 0; index < 12; index++) await api.chat({ model: "fine", ...HELLO });
    const wanted = (await api.listed()).map(({ id }) => id);
    const late = new Set<string>();
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page: ExchangeList = await api.asked("listExchanges", `/api/exchanges?limit=4${at}`);
      assert.ok(page.rows.length <= 4);
      ids.push(...page.rows.map(({ id }) => id));
      const sent = await Promise.all([1, 2].map(() => api.chat({ model: "fine", ...HELLO })));
      for (const { id } of sent) late.add(id);
      cursor = page.next;
    } while (cursor !== null);
    assert.deepEqual(
      ids.filter((id) => !late.has(id)),
      wanted,
    );
    assert.equal(new Set(ids).size, ids.length);
  });

  test("everything else that the control API answers is of the contract's form", async () => {
    const config = await api.asked<{ hash: string }>("getConfig", "/api/config");
    const versions = await api.asked<{ rows: { hash: string }[] }>(
      "listConfigVersions",
      "/api/config/versions",
    );
    assert.ok(versions.rows.some(({ hash }) => hash === config.hash));
    const version = await api.asked<{ text: string }>(
      "getConfigVersion",
      `/api/config/versions/${config.hash.slice(0, 8)}`,
    );
    assert.equal(version.text, api.config);
    await api.problem("getConfigVersion", "/api/config/versions/000000", 404);
    const targets = await api.asked<{ rows: unknown[] }>("listTargets", "/api/targets");
    assert.equal(targets.rows.length, 8);
    const wish = {
      tenant: "acme",
      name: "for a test",
      defaults: { app: "mail" },
      pinned: { sensitivity: "internal" },
      tasks: ["support.*"],
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
      actFor: ["globex"],
      metadataWords: true,
    };
    const created = await api.asked<{ id: string }>("createKey", "/api/keys", { body: wish });
    const keys = await api.asked<{ rows: { id: string }[] }>("listKeys", "/api/keys");
    assert.ok(keys.rows.some(({ id }) => id === created.id));
    await api.asked("revokeKey", `/api/keys/${created.id}`);
    await api.problem("revokeKey", "/api/keys/nobody", 404);
    await api.problem("createKey", "/api/keys", 400, { body: { tenant: "acme", colour: "red" } });
  });

  test("the contract's every endpoint is in the document, by its id", () => {
    const ids = Object.values(api.document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    assert.deepEqual(ids.toSorted(), Object.keys(ENDPOINTS).toSorted());
    for (const [path, operations] of Object.entries(api.document.paths)) {
      for (const { parameters } of Object.values(operations)) {
        const named = parameters.filter((one) => one.in === "path").map(({ name }) => name);
        assert.deepEqual(
          named,
          [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
        );
      }
    }
  });

  test("the OpenAPI document is one, by Redocly's reading of the specification", async () => {
    const config = await createConfig({ extends: ["spec"] });
    const faults = async (value: unknown): Promise<string[]> => {
      const problems = await lintFromString({ source: JSON.stringify(value), config });
      return problems
        .filter(({ severity }) => severity === "error")
        .map((one) => `${one.ruleId} ${one.location[0]?.pointer ?? ""}: ${one.message}`);
    };
    assert.deepEqual(await faults(api.document), []);
    // It would say so if it were none.
    assert.notDeepEqual(await faults({ ...api.document, paths: { "no-slash": {} }, colour: "red" }), []);
  });
});
