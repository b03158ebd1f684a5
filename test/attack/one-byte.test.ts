import assert from "node:assert/strict";
import test from "node:test";
import { startProcess } from "../support/process.ts";
import { connect, sleep } from "./support.ts";

// In a process of its own: what freezes a gateway would freeze the test that shares its event loop.
for (const beginning of ["P", "PR"]) {
  test(`a connection that has sent "${beginning}" and waits does not keep the gateway from serving others`, async () => {
    await using server = await startProcess();
    await using wire = await connect(server.port);
    wire.send(beginning);
    await sleep(200);
    const healthy = await fetch(`${server.url}/healthz`, { signal: AbortSignal.timeout(5_000) });
    assert.equal(healthy.status, 200);
    const rest = "PROPFIND /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    wire.send(rest.slice(beginning.length));
    await wire.closed();
    assert.match(wire.text(), /^HTTP\/1\.1 404 /);
  });
}
