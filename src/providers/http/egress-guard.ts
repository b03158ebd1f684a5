import dns, { type LookupAddress } from "node:dns";
import net, { type LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { callbackify } from "node:util";
import ipaddr, { type IPv4, type IPv6 } from "ipaddr.js";
import { Agent, buildConnector, type Dispatcher } from "undici";

/**
 * Guards every request of ours whose address somebody else may choose, so that nobody reaches through us what only we
 * can reach (server-side request forgery).
 *
 * The dispatcher decides when it connects, on the addresses that the name has then, and connects to one of those; so a
 * name whose answer changes gains nothing, and a caller who forgets `checkUrl` is guarded all the same. The name itself
 * goes on in the `host` header and in TLS. It follows no redirects.
 */
export interface EgressGuard {
  readonly dispatcher: Dispatcher;
  /**
   * Why an address is refused for what it says, as a clause such as "it holds credentials"; undefined where there is
   * nothing against it so far.
   */
  readonly checkUrl: (url: URL) => string | undefined;
  readonly close: () => Promise<void>;
}

export interface EgressGuardOptions {
  /**
   * CIDRs that are reached though they are not public. With any, names that only private networks know are resolved
   * too, by the system.
   */
  readonly allow: readonly string[];
  /** How names are resolved; by default by asking the name servers. */
  readonly lookup?: (hostname: string) => Promise<readonly LookupAddress[]>;
}

/** Says the same whatever is there, and also where nothing is: the caller learns nothing of private addresses. */
export const NOT_PUBLIC = "it leads to no public host";

/** The connection was refused by the guard. */
export class EgressRefusal extends Error {
  override readonly name = "EgressRefusal";
  readonly code = "EGRESS_REFUSED";
}

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 1_000;
/** Connections to one host at most: we are no tool to flood others with. */
const CONNECTIONS = 16;
const ORIGINS = 1_000;

/** @throws Error where a text of `allow` is no CIDR */
export function egressGuard(options: EgressGuardOptions): EgressGuard {
  const allow = options.allow.map((cidr) => ipaddr.parseCIDR(cidr));
  const names = nameServers();
  const lookup = guardedLookup(allow, options.lookup ?? names.lookup);
  const connect = buildConnector({ lookup, allowH2: false, timeout: CONNECT_TIMEOUT_MS });
  const dispatcher = new Agent({
    connections: CONNECTIONS,
    maxOrigins: ORIGINS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect: (target, callback) => {
      const fault = targetFault(target, allow);
      if (fault === undefined) connect(target, callback);
      // As from a socket: never within the call.
      else queueMicrotask(() => callback(new EgressRefusal(fault), null));
    },
  });
  return {
    dispatcher,
    checkUrl: (url) =>
      url.username === "" && url.password === "" ? targetFault(url, allow) : "it holds credentials",
    async close() {
      names.cancel();
      await dispatcher.close();
    },
  };
}

type Cidr = readonly [IPv4 | IPv6, number];

interface EgressTarget {
  readonly protocol: string;
  /** IPv6 with or without brackets. */
  readonly hostname: string;
  /** "" for the scheme's own. */
  readonly port: string;
}

function targetFault({ protocol, hostname, port }: EgressTarget, allow: readonly Cidr[]): string | undefined {
  if (protocol !== "http:" && protocol !== "https:") return "its scheme is neither http: nor https:";
  if (port !== "" && !isWebPort(Number(port))) return `port ${port} is none that serves the web`;
  const host = hostname.replace(/^\[|\]$/g, "");
  if (net.isIP(host) !== 0) return mayReach(host, allow) ? undefined : NOT_PUBLIC;
  return allow.length === 0 && PRIVATE_NAME.test(host) ? NOT_PUBLIC : undefined;
}

/** Names without a dot, and those that public name servers do not know (RFC 6761, RFC 6762, RFC 8375, ICANN). */
const PRIVATE_NAME =
  /^[^.]*\.?$|\.(localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa)\.?$/i;

/**
 * 80, 443 and what unprivileged programs listen on, but for the ports of other protocols that browsers do not connect
 * to either: those could mistake a request for a command. https://fetch.spec.whatwg.org/#port-blocking
 */
function isWebPort(port: number): boolean {
  return port === 80 || port === 443 || (port >= 1024 && port <= 65_535 && !FOREIGN_PORTS.has(port));
}

const FOREIGN_PORTS: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10_080,
]);

/** Whether an address in any spelling is public, or allowed, and not one of this machine's own. */
function mayReach(text: string, allow: readonly Cidr[]): boolean {
  const plain = net.isIPv6(text) ? withoutDots(text) : text;
  if (net.isIP(plain) === 0) return false;
  // IPv4 in ::ffff:0:0/96 becomes IPv4: the system connects to that.
  const address = ipaddr.process(plain);
  if (allow.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits)))
    return true;
  return isPublic(address) && !isOwn(address);
}

/** IPv6 in hexadecimal alone: ipaddr.js takes ::8.8.8.8 for 8.8.8.8. With a zone, "". */
function withoutDots(address: string): string {
  return URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? "";
}

/** Azure's platform, with its secrets, at an address that looks public. https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16 */
const AZURE_PLATFORM = "168.63.129.16";

function isPublic(address: IPv4 | IPv6): boolean {
  if ("octets" in address) return address.range() === "unicast" && address.toString() !== AZURE_PLATFORM;
  const [first = 0, second, third] = address.parts;
  // NAT64 (RFC 6052): networks without IPv4 reach every IPv4 host so, and its address is in the last 32 bits.
  if (address.range() === "rfc6052" && third === 0 && second === 0xff9b)
    return isPublic(new ipaddr.IPv4(address.toByteArray().slice(12)));
  // Only 2000::/3 has been given out so far; the rest has old meanings, such as IPv4 in ::/96.
  return (first & 0xe000) === 0x2000 && address.range() === "unicast";
}

/** A machine with a public address serves on it what it serves to itself. */
function isOwn(address: IPv4 | IPv6): boolean {
  const text = address.toString();
  return Object.values(networkInterfaces())
    .flat()
    .some((own) => own !== undefined && own.address === text);
}

/** Refuses a name where any of its addresses is refused: an honest one has public ones alone. */
function guardedLookup(
  allow: readonly Cidr[],
  lookup: NonNullable<EgressGuardOptions["lookup"]>,
): LookupFunction {
  const checked = callbackify(async (hostname: string) => {
    const found = await lookup(hostname).catch(() => []);
    if (found.length === 0 || !found.every(({ address }) => mayReach(address, allow)))
      throw new EgressRefusal(NOT_PUBLIC);
    return found;
  });
  return (hostname, { all }, callback) =>
    checked(hostname, (error, found) => {
      if (error !== null) callback(error, []);
      else if (all === true) callback(null, [...found]);
      else callback(null, found[0]?.address ?? "", found[0]?.family);
    });
}

/**
 * Asks the name servers directly and not the system: its calls share few threads with every other connection of ours,
 * and a name server that answers late, on purpose, would hold them. The hosts file is therefore read for private names
 * alone.
 */
function nameServers(): { lookup: (hostname: string) => Promise<LookupAddress[]>; cancel: () => void } {
  const resolver = new dns.promises.Resolver({ timeout: 2_000, tries: 2 });
  return {
    cancel: () => resolver.cancel(),
    async lookup(hostname) {
      if (PRIVATE_NAME.test(hostname)) return dns.promises.lookup(hostname, { all: true });
      const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
      return answers.flatMap((answer, index) =>
        answer.status === "rejected"
          ? []
          : answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })),
      );
    },
  };
}
