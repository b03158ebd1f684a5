import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { ENDPOINTS, type EndpointId } from "../../src/control/contract.ts";
import type { Endpoint } from "../../src/control/endpoint.ts";
import { Engine } from "../support/engine.ts";
import { freshData, startProcess } from "../support/process.ts";
import { byModel, configOf, ControlApi, HELLO, type ExchangeInfo } from "./api-support.ts";

describe("what the control API refuses", () => {
  let api: ControlApi;
  before(async () => void (api = await ControlApi.start()));
  after(async () => api?.[Symbol.asyncDispose]());

  for (const [id, route, named] of [
    ["listExchanges", "/api/exchanges?colour=red", "colour"],
    ["listExchanges", "/api/exchanges?since=yesterday", "since"],
    ["listExchanges", "/api/exchanges?until=2026-13-45", "until"],
    ["listExchanges", "/api/exchanges?until=2026-11-21T25:00:00Z", "until"],
    ["listExchanges", "/api/exchanges?limit=0", "limit"],
    ["listExchanges", "/api/exchanges?limit=abc", "limit"],
    ["listExchanges", "/api/exchanges?limit=1001", "limit"],
    ["listExchanges", "/api/exchanges?limit=-1", "limit"],
    ["listExchanges", "/api/exchanges?limit=1.5", "limit"],
    ["listExchanges", `/api/exchanges?limit=${"9".repeat(400)}`, "limit"],
    ["listExchanges", "/api/exchanges?limit=", "limit"],
    ["listExchanges", "/api/exchanges?cursor=garbage", "cursor"],
    ["listExchanges", "/api/exchanges?cursor=", "cursor"],
    ["listExchanges", `/api/exchanges?cursor=${cursorOf("9999999999999999")}`, "cursor"],
    ["listExchanges", "/api/exchanges?status=fine", "status"],
    ["listExchanges", "/api/exchanges?key=sy-nobody", "key"],
    ["listExchanges", "/api/exchanges?tenant=a&tenant=b", "tenant"],
    ["listExchanges", `/api/exchanges?tenant=${"x".repeat(2_049)}`, "tenant"],
    ["listExchanges", "/api/exchanges?since=1h&until=2h", "until"],
    ["listExchanges", "/api/exchanges?since=2026-11-02&until=2026-11-01", "until"],
    ["getExchange", "/api/exchanges/nobody", "id"],
    ["getExchange", "/api/exchanges/0190aaaa", "id"],
    ["getExchange", "/api/exchanges/01a1fe3e-9079-781e-9099-b2dcf30d0fc0?colour=red", "colour"],
    ["getDecision", "/api/exchanges/nobody/decision", "id"],
    ["getUsage", "/api/usage?by=foo", "by"],
    ["getUsage", "/api/usage?by=tenant,tenant", "by"],
    ["getUsage", "/api/usage?by=", "by"],
    ["getUsage", "/api/usage?by=tenant,", "by"],
    ["getUsage", "/api/usage?by=tenant&by=user", "by"],
    ["getUsage", "/api/usage?by=constructor", "by"],
    ["getUsage", "/api/usage?colour=red", "colour"],
    ["getUsage", "/api/usage?since=yesterday", "since"],
    ["getUsage", "/api/usage?since=1h&until=2h", "until"],
    ["getUsage", "/api/usage?since=2026-11-01&until=2026-11-01", "until"],
    ["getUsage", "/api/usage?limit=0", "limit"],
    ["getUsage", "/api/usage?limit=100001", "limit"],
    ["getJourney", "/api/journeys/trip?limit=0", "limit"],
    ["getJourney", `/api/journeys/${"x".repeat(257)}`, "id"],
    ["getConfigVersion", "/api/config/versions/xyz", "hash"],
    ["getConfigVersion", "/api/config/versions/abc", "hash"],
    ["listTargets", "/api/targets?colour=red", "colour"],
    ["getConfig", "/api/config?colour=red", "colour"],
  ] as const) {
    test(`${route.slice(0, 80)} is refused as a problem that names ${named}`, async () => {
      assert.match(await api.problem(id, route, 400), new RegExp(`\\b${named}\\b`));
    });
  }

  for (const route of [
    "/api/exchanges?tenant=%00",
    "/api/exchanges?user=a%00b",
    "/api/usage?by=tenant&app=%00",
    "/api/usage?by=tenant&user=%00",
    "/api/journeys/%00",
    "/api/journeys/trip?tenant=%00",
    "/api/exchanges?tenant=%FF%FE",
    "/api/exchanges?tenant=%ED%A0%80",
    "/api/exchanges?since=4000000d",
    "/api/exchanges?since=100000000d",
    "/api/exchanges?since=104249991d",
    "/api/usage?since=4000000d",
    "/api/usage?since=100000000d",
    "/api/usage?since=104249991d",
    "/api/usage?since=0000-01-01&until=9999-12-31",
    "/api/usage?by=user&since=0000-01-01&until=9999-12-31",
    "/api/exchanges?until=9999-12-31T23:59:59.999999Z",
    "/api/exchanges?since=0000-01-01",
    `/api/exchanges?cursor=${cursorOf("-8640000000000000")}`,
    `/api/exchanges?cursor=${cursorOf("8640000000000000")}`,
    `/api/exchanges?cursor=${cursorOf("-62135596800001")}`,
    "/api/exchanges/ffffffff-ffff-ffff-ffff-ffffffffffff",
    "/api/exchanges/00000000-0000-0000-0000-000000000000",
    "/api/exchanges/c232ab00-9414-41ec-b3c8-9f6bdeced846/decision",
    "/api/exchanges/%E0%A4%A",
  ]) {
    test(`${route} is answered or refused, and is no fault of the gateway`, async () => {
      const response = await api.server.api(route);
      const text = await response.text();
      assert.ok(response.status < 500, `${response.status} ${text}`);
    });
  }

  test("a client's limit of output beyond all counting is no fault of the gateway", async () => {
    for (const n of [1, 2]) {
      const sent = await api.chat({
        model: "fine",
        max_tokens: Number.MAX_SAFE_INTEGER,
        n,
        ...HELLO,
      });
      assert.ok(sent.status < 500, `with ${n} choices it is answered with ${sent.status}`);
    }
  });

  test("without the control API's token nothing is told but the document", async () => {
    for (const [id, { url, method }] of Object.entries<Endpoint>(ENDPOINTS)) {
      const route = url.replace(/:\w+/g, "01a1fe3e-9079-781e-9099-b2dcf30d0fc0");
      for (const token of ["", "sya-wrong", api.key]) {
        const body = method === "POST" ? { body: { tenant: "acme" } } : {};
        await api.problem(id as EndpointId, route, 401, { token, ...body });
      }
    }
    assert.equal((await fetch(`${api.server.url}/api/openapi.json`)).status, 200);
  });
});

describe("an exchange that dies with the process", () => {
  for (const [what, tokens] of [
    ["the most it could cost", 1_000],
    ["more than an integer of the database holds, as the client asked for it", Number.MAX_SAFE_INTEGER],
  ] as const) {
    test(`is in the ledger after the next start as killed, whatever it is charged: ${what}`, async () => {
      await using engine = await Engine.start(byModel);
      const config = configOf(engine.url, engine.url);
      const data = await freshData();
      try {
        let id: string;
        {
          await using first = await startProcess({ config, data });
          const key = await first.key();
          const response = await fetch(`${first.url}/v1/chat/completions`, {
            method: "POST",
            headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
            body: JSON.stringify({ model: "endless", stream: true, max_tokens: tokens, ...HELLO }),
          });
          id = response.headers.get("x-switchyard-exchange") ?? "";
          assert.equal(response.status, 200);
          await first.stop("SIGKILL");
          await response.text().catch(() => {});
        }
        await using second = await startProcess({ config, data });
        const response = await second.api(`/api/exchanges/${id}`);
        const text = await response.text();
        assert.equal(response.status, 200, text);
        const info = JSON.parse(text) as ExchangeInfo;
        assert.equal(info.status, "killed");
        assert.equal(info.estimated, true);
        assert.ok(BigInt(info.costNano) > 0n);
        await second.stop();
      } finally {
        await rm(data, { recursive: true, force: true });
      }
    });
  }
});

/** A page's `next` as it would be after an exchange of such an instant. */
function cursorOf(startedAtMs: string): string {
  return Buffer.from(`${startedAtMs}.01a1fe3e-9079-781e-9099-b2dcf30d0fc0`).toString("base64url");
}
