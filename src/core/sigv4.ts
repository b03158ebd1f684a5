import { createHmac, hash, timingSafeEqual } from "node:crypto";

/**
 * AWS Signature Version 4, the verifying side.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** A request as it stood on the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came, not decoded. */
  readonly url: string;
  /** Names in lower case; HTTP/2's `:authority` among them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** What an `authorization` header, or the query of a presigned address, says. */
export interface SignedBy {
  readonly accessKeyId: string;
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** Hexadecimal. */
  readonly signature: string;
}

/**
 * - `malformed`: no signature of this form, or one that does not cover what it must
 * - `expired`, `early`: its time is not now
 * - `mismatch`: another secret, or the request was changed on its way
 */
export interface SignatureFault {
  readonly kind: "malformed" | "expired" | "early" | "mismatch";
  readonly message: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
/** How far the clocks of signer and verifier may lie apart. */
const SKEW_MS = 5 * 60_000;
const CREDENTIAL = /^([\w-]{1,128})\/(\d{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request$/;
const SIGNATURE = /^[0-9a-f]{64}$/;
const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Reads an `authorization` header; undefined where it is not one of this kind. */
export function readAuthorization(authorization: string): SignedBy | undefined {
  if (!authorization.startsWith(`${ALGORITHM} `)) return undefined;
  const fields = new Map(
    authorization
      .slice(ALGORITHM.length + 1)
      .split(",")
      .map((field) => {
        const [name = "", ...value] = field.trim().split("=");
        return [name, value.join("=")] as const;
      }),
  );
  return signedBy(fields.get("Credential"), fields.get("SignedHeaders"), fields.get("Signature"));
}

/**
 * Whether a request was signed with a secret, just now, and is still what was signed.
 *
 * @returns undefined where it is good
 */
export function verifySignature(
  request: SignedRequest,
  by: SignedBy,
  secret: string,
  nowMs: number,
): SignatureFault | undefined {
  const { headers, body } = request;
  const amzDate = one(headers["x-amz-date"]);
  const at = amzDate === undefined ? undefined : parseAmzDate(amzDate);
  if (amzDate === undefined || at === undefined)
    return malformed("the header x-amz-date is missing or is no date");
  if (!amzDate.startsWith(by.date)) return malformed("the credential's date is not that of x-amz-date");
  const signed = new Set(by.signedHeaders);
  if (!signed.has("host") && !signed.has(":authority"))
    return malformed("the signature does not cover the host");
  const late = timeFault(at, nowMs, SKEW_MS);
  if (late !== undefined) return late;
  const bodyHash = hash("sha256", body);
  const told = one(headers["x-amz-content-sha256"]);
  if (told !== undefined && told !== bodyHash) return mismatch();
  const [path, query = ""] = splitOnce(request.url, "?");
  const canonical = canonicalRequest(request.method, path, query, headers, by.signedHeaders, bodyHash);
  return isSignature(by, secret, amzDate, canonical) ? undefined : mismatch();
}

/**
 * Whether a presigned address was signed with a secret and still holds. The body is not part of it.
 *
 * @param url  `host/path?query`, without the scheme
 */
export function verifyPresigned(
  method: string,
  url: string,
  secret: string,
  nowMs: number,
): SignatureFault | undefined {
  const [address, query = ""] = splitOnce(url, "?");
  const by = readPresigned(query);
  if (by === undefined) return malformed("the presigned address has no signature");
  const params = new URLSearchParams(query);
  const amzDate = params.get("X-Amz-Date") ?? "";
  const at = parseAmzDate(amzDate);
  const seconds = Number(params.get("X-Amz-Expires"));
  if (at === undefined || !amzDate.startsWith(by.date) || !(seconds >= 1 && seconds <= 604_800))
    return malformed("the presigned address has no date, or no expiry from 1 to 604800 seconds");
  if (!by.signedHeaders.includes("host")) return malformed("the signature does not cover the host");
  if (nowMs < at - SKEW_MS) return timeFault(at, nowMs, SKEW_MS);
  if (nowMs > at + seconds * 1_000) return { kind: "expired", message: "the signature has expired" };
  const [host = "", ...path] = address.split("/");
  const unsigned = query
    .split("&")
    .filter((part) => !part.startsWith("X-Amz-Signature="))
    .join("&");
  const hashed = hash("sha256", "");
  const canonical = canonicalRequest(
    method,
    `/${path.join("/")}`,
    unsigned,
    { host },
    by.signedHeaders,
    hashed,
  );
  return isSignature(by, secret, amzDate, canonical) ? undefined : mismatch();
}

/** What a presigned query says; undefined where it is not one. */
export function readPresigned(query: string): SignedBy | undefined {
  const params = new URLSearchParams(query);
  if (params.get("X-Amz-Algorithm") !== ALGORITHM) return undefined;
  return signedBy(
    params.get("X-Amz-Credential") ?? undefined,
    params.get("X-Amz-SignedHeaders") ?? undefined,
    params.get("X-Amz-Signature") ?? undefined,
  );
}

function signedBy(
  credential: string | undefined,
  signedHeaders: string | undefined,
  signature: string | undefined,
): SignedBy | undefined {
  const match = CREDENTIAL.exec(credential ?? "");
  if (match === null || signedHeaders === undefined || !SIGNATURE.test(signature ?? "")) return undefined;
  const [, accessKeyId = "", date = "", region = "", service = ""] = match;
  return {
    accessKeyId,
    date,
    region,
    service,
    signedHeaders: signedHeaders.split(";"),
    signature: signature ?? "",
  };
}

function canonicalRequest(
  method: string,
  path: string,
  query: string,
  headers: SignedRequest["headers"],
  signedHeaders: readonly string[],
  bodyHash: string,
): string {
  const lines = signedHeaders.map((name) => `${name}:${canonicalValue(headers, name)}\n`).join("");
  return `${method}\n${canonicalPath(path)}\n${canonicalQuery(query)}\n${lines}\n${signedHeaders.join(";")}\n${bodyHash}`;
}

function canonicalValue(headers: SignedRequest["headers"], name: string): string {
  const value = headerOf(headers, name) ?? "";
  // Spaces and tabs alone: others, such as the non-breaking one, are text.
  return (typeof value === "string" ? value : value.join(","))
    .replace(/[ \t\r\n]+/g, " ")
    .replace(/^ | $/g, "");
}

function headerOf(headers: SignedRequest["headers"], name: string): string | readonly string[] | undefined {
  // The caller chooses the name: "constructor" is none of the headers.
  const own = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (own !== undefined) return own;
  // A proxy in front may have turned HTTP/2 into HTTP/1.1 or back.
  return name === "host" ? headers[":authority"] : name === ":authority" ? headers["host"] : undefined;
}

/** What came encoded is encoded once more (for every service but S3), and empty or dotted segments go. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(encode(segment));
  }
  return `/${segments.join("/")}${segments.length > 0 && path.endsWith("/") ? "/" : ""}`;
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .map((part) => {
      const [name, value = ""] = splitOnce(part, "=");
      return [encode(decode(name)), encode(decode(value))] as const;
    })
    .toSorted(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** RFC 3986's unreserved characters stay; encodeURIComponent leaves five more. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isSignature(by: SignedBy, secret: string, amzDate: string, canonical: string): boolean {
  const scope = `${by.date}/${by.region}/${by.service}/aws4_request`;
  const text = `${ALGORITHM}\n${amzDate}\n${scope}\n${hash("sha256", canonical)}`;
  const expected = hmac(signingKey(by, secret), text);
  return timingSafeEqual(expected, Buffer.from(by.signature, "hex"));
}

/** Keys of the day; four keyed hashes each. Forgotten together when there are many. */
const keys = new Map<string, Buffer>();
const MOST_KEYS = 1_000;

function signingKey({ date, region, service }: SignedBy, secret: string): Buffer {
  const name = `${date}/${region}/${service}/${secret}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request");
  if (keys.size >= MOST_KEYS) keys.clear();
  keys.set(name, key);
  return key;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** @returns Unix milliseconds */
function parseAmzDate(text: string): number | undefined {
  const match = AMZ_DATE.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function amzDateOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");
}

function timeFault(at: number, nowMs: number, skewMs: number): SignatureFault | undefined {
  const minutes = skewMs / 60_000;
  if (at < nowMs - skewMs) {
    const message = `Signature expired: ${amzDateOf(at)} is now earlier than ${amzDateOf(nowMs - skewMs)} (${amzDateOf(nowMs)} - ${minutes} min.)`;
    return { kind: "expired", message };
  }
  if (at > nowMs + skewMs) {
    const message = `Signature not yet current: ${amzDateOf(at)} is still later than ${amzDateOf(nowMs + skewMs)} (${amzDateOf(nowMs)} + ${minutes} min.)`;
    return { kind: "early", message };
  }
  return undefined;
}

function malformed(message: string): SignatureFault {
  return { kind: "malformed", message };
}

function mismatch(): SignatureFault {
  return {
    kind: "mismatch",
    message:
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  };
}

function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function splitOnce(text: string, sign: string): [string, string?] {
  const at = text.indexOf(sign);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
