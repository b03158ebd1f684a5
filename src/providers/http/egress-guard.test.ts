import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import test, { after } from "node:test";
import fc from "fast-check";
import { request } from "undici";
import { egressGuard, EgressRefusal, NOT_PUBLIC, type EgressGuard } from "./egress-guard.ts";

const closing: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closing) await close();
});

function guard(
  allow: readonly string[] = [],
  lookup?: (name: string) => readonly LookupAddress[],
): EgressGuard {
  const made = egressGuard(
    lookup === undefined ? { allow } : { allow, lookup: (name) => Promise.resolve(lookup(name)) },
  );
  closing.push(() => made.close());
  return made;
}

function check(url: string, allow: readonly string[] = []): string | undefined {
  return guard(allow).checkUrl(new URL(url));
}

/** An upstream that counts who connects. */
async function serve(
  host: string,
  port = 0,
): Promise<{ port: number; connections: () => number; hosts: string[] }> {
  const hosts: string[] = [];
  const server = http.createServer((incoming, outgoing) => {
    hosts.push(incoming.headers.host ?? "");
    outgoing.end(host);
  });
  let connections = 0;
  server.on("connection", () => connections++);
  server.listen(port, host);
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections, hosts };
}

async function answer(url: string, { dispatcher }: EgressGuard): Promise<string> {
  return (await request(url, { dispatcher })).body.text();
}

function assertRefused(promise: Promise<unknown>): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof EgressRefusal && error.message === NOT_PUBLIC);
}

const PRIVATE = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "100.64.0.1",
  "100.100.100.200",
  "127.0.0.1",
  "127.255.255.255",
  "168.63.129.16",
  "169.254.169.254",
  "169.254.170.2",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::8.8.8.8",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
  "::ffff:0:10.0.0.1",
  "64:ff9b::10.0.0.1",
  "64:ff9b::169.254.169.254",
  "64:ff9b:1::8.8.8.8",
  "64:ff9b:1:0:0:1:808:808",
  "100::1",
  "1234::1",
  "2001::1",
  "2001:2::1",
  "2001:20::1",
  "2001:db8::1",
  "2002:0a00:0001::1",
  "2002:0808:0808::1",
  "3fff::1",
  "4000::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fd20:ce::254",
  "fe80::1",
  "fec0::1",
  "ff02::1",
];

for (const address of PRIVATE) {
  test(`${address} is refused as it stands and as an answer`, async () => {
    assert.equal(check(`http://${net.isIPv6(address) ? `[${address}]` : address}/`), NOT_PUBLIC);
    const family = net.isIP(address);
    await assertRefused(
      answer(
        "http://media.example/",
        guard([], () => [{ address, family }]),
      ),
    );
    await assertRefused(
      answer(
        "https://media.example/",
        guard([], () => [{ address, family }]),
      ),
    );
  });
}

for (const host of [
  "8.8.8.8",
  "172.32.0.1",
  "100.128.0.1",
  "[2606:4700:4700::1111]",
  "[2a00:1450::1]",
  "[64:ff9b::808:808]",
  "[::ffff:8.8.8.8]",
  "media.example",
  "media.example.",
]) {
  test(`${host} has nothing against it`, () => assert.equal(check(`https://${host}/a?b`), undefined));
}

for (const host of [
  "0x7f.1",
  "2130706433",
  "017700000001",
  "127.1",
  "127.0.0.1.",
  "0177.0.0.1",
  "0",
  "①②⑦.0.0.1",
  "127。0。0。1",
  "%31%32%37.0.0.1",
  "[::ffff:7f00:1]",
  "[0:0:0:0:0:0:0:1]",
  "localhost",
  "LOCALHOST",
  "localhost.",
  "a.localhost",
  "postgres",
  "printer.local",
  "metadata.google.internal",
  "metadata.google.internal.",
  "kubernetes.default.svc.cluster.local",
  "router.home.arpa",
]) {
  test(`http://${host}/ is refused`, () => assert.equal(check(`http://${host}/`), NOT_PUBLIC));
}

test("addresses with zones are refused as answers, and no URL can have one", async () => {
  assert.equal(URL.canParse("http://[fe80::1%25eth0]/"), false);
  for (const address of ["fe80::1%eth0", "::1%lo", "2606:4700::1%eth0", "", "nonsense", "127.0.0.1\0"])
    await assertRefused(
      answer(
        "http://media.example/",
        guard([], () => [{ address, family: 6 }]),
      ),
    );
});

test("schemes, ports and credentials that fetch nothing from the web are refused with their reason", () => {
  for (const [url, fault] of [
    ["ftp://media.example/", "its scheme is neither http: nor https:"],
    ["file:///etc/passwd", "its scheme is neither http: nor https:"],
    ["gopher://media.example/", "its scheme is neither http: nor https:"],
    ["data:text/plain,a", "its scheme is neither http: nor https:"],
    ["http://user@media.example/", "it holds credentials"],
    ["http://:secret@media.example/", "it holds credentials"],
    ["http://media.example:22/", "port 22 is none that serves the web"],
    ["http://media.example:25/", "port 25 is none that serves the web"],
    ["http://media.example:0/", "port 0 is none that serves the web"],
    ["http://media.example:1023/", "port 1023 is none that serves the web"],
    ["http://media.example:6667/", "port 6667 is none that serves the web"],
    ["http://media.example:443/", undefined],
    ["https://media.example:80/", undefined],
    ["http://media.example:1024/", undefined],
    ["http://media.example:8080/", undefined],
    ["http://media.example:65535/", undefined],
  ] as const)
    assert.equal(check(url), fault, url);
});

test("what is allowed is reached though it is private, and nothing beside it", () => {
  const allow = ["10.1.0.0/16", "fd12:3456::/32", "127.0.0.1/32"];
  for (const host of ["10.1.2.3", "[::ffff:10.1.2.3]", "[fd12:3456::1]", "localhost", "files.internal"])
    assert.equal(check(`http://${host}/`, allow), undefined, host);
  for (const host of ["10.2.0.1", "[fd12:3457::1]", "127.0.0.2", "169.254.169.254"])
    assert.equal(check(`http://${host}/`, allow), NOT_PUBLIC, host);
  assert.throws(() => egressGuard({ allow: ["10.1.0.0"] }), /CIDR/);
});

test("the dispatcher refuses by itself what nobody checked before", async () => {
  const { port, connections } = await serve("127.0.0.1");
  await assertRefused(answer(`http://127.0.0.1:${port}/`, guard()));
  await assertRefused(answer(`http://0x7f.1:${port}/`, guard()));
  await assertRefused(answer(`http://[::ffff:127.0.0.1]:${port}/`, guard()));
  await assertRefused(answer(`http://localhost:${port}/`, guard()));
  await assert.rejects(answer("http://media.example:22/", guard()), /port 22/);
  await assert.rejects(answer("http://[::1]:22/", guard(["::1/128"])), /port 22/);
  assert.equal(connections(), 0);
});

test("an address on an allowed list is connected to, and the host stays the name", async () => {
  const { port, hosts } = await serve("127.0.0.1");
  const open = guard(["127.0.0.1/32"], () => [{ address: "127.0.0.1", family: 4 }]);
  assert.equal(await answer(`http://media.example:${port}/`, open), "127.0.0.1");
  assert.equal(await answer(`http://127.0.0.1:${port}/`, open), "127.0.0.1");
  assert.deepEqual(hosts, [`media.example:${port}`, `127.0.0.1:${port}`]);
});

test("TLS names the host too", async () => {
  const hellos: Buffer[] = [];
  const server = net.createServer((socket) => {
    socket.on("data", (hello) => {
      hellos.push(hello);
      socket.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const open = guard(["127.0.0.1/32"], () => [{ address: "127.0.0.1", family: 4 }]);
  await assert.rejects(answer(`https://media.example:${(server.address() as AddressInfo).port}/`, open));
  assert.ok(Buffer.concat(hellos).includes("media.example"));
  server.close();
});

test("one private address among public ones refuses the name, in any place", async () => {
  const { port, connections } = await serve("127.0.0.1");
  for (const addresses of [
    ["127.0.0.1", "8.8.8.8"],
    ["8.8.8.8", "127.0.0.1"],
    ["2606:4700::1111", "8.8.8.8", "::1"],
  ]) {
    const answers = addresses.map((address) => ({ address, family: net.isIP(address) }));
    await assertRefused(
      answer(
        `http://media.example:${port}/`,
        guard([], () => answers),
      ),
    );
  }
  assert.equal(connections(), 0);
});

test("a name that has no address, or cannot be resolved, is refused like a private one", async () => {
  await assertRefused(
    answer(
      "http://media.example/",
      guard([], () => []),
    ),
  );
  const failing = egressGuard({ allow: [], lookup: () => Promise.reject(new Error("SERVFAIL")) });
  closing.push(() => failing.close());
  await assertRefused(answer("http://media.example/", failing));
});

test("a name whose answer changes leads only where it was checked", async () => {
  const good = await serve("127.0.0.1");
  const secret = await serve("127.0.0.2", good.port);
  let asked = 0;
  const rebinding = guard(["127.0.0.1/32"], () => [
    { address: ++asked % 2 === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 },
  ]);
  const url = `http://rebind.example:${good.port}/`;
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => answer(url, rebinding)));
  assert.equal(asked, 10, "each connection asks once");
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") assert.equal(outcome.value, "127.0.0.1");
    else assert.ok(outcome.reason instanceof EgressRefusal);
  }
  assert.equal(outcomes.filter(({ status }) => status === "rejected").length, 5);
  assert.equal(good.connections(), 5);
  assert.equal(secret.connections(), 0);
});

/** https://www.iana.org/assignments/iana-ipv4-special-registry and multicast; what ipaddr.js knows is judged by it. */
const SPECIAL = new net.BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.31.196.0", 24],
  ["192.52.193.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["192.175.48.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const)
  SPECIAL.addSubnet(network, bits);

test("every IPv4 address is refused exactly where IANA lists it as special, in each spelling", () => {
  const { checkUrl } = guard();
  const octet = fc.oneof(
    fc.constantFrom(0, 10, 64, 100, 127, 168, 169, 172, 192, 198, 203, 223, 224, 254),
    fc.nat(255),
  );
  fc.assert(
    fc.property(octet, octet, octet, octet, (a, b, c, d) => {
      const address = [a, b, c, d].join(".");
      fc.pre(address !== "168.63.129.16");
      const expected = SPECIAL.check(address) ? NOT_PUBLIC : undefined;
      const number = ((a * 256 + b) * 256 + c) * 256 + d;
      for (const host of [
        address,
        `${number}`,
        `0x${number.toString(16)}`,
        `[::ffff:${address}]`,
        `[64:ff9b::${address}]`,
      ])
        assert.equal(checkUrl(new URL(`http://${host}/`)), expected, host);
      for (const host of [
        `[::${address}]`,
        `[2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::1]`,
      ])
        assert.equal(checkUrl(new URL(`http://${host}/`)), NOT_PUBLIC, host);
    }),
  );
});
