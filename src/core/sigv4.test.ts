import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import test from "node:test";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import {
  readAuthorization,
  readPresigned,
  verifyPresigned,
  verifySignature,
  type SignatureFault,
  type SignedRequest,
} from "./sigv4.ts";

const PAIR = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const HOST = "bedrock-runtime.us-east-1.amazonaws.com";
const NOW = Date.UTC(2026, 10, 5, 12, 30, 15);

/** SHA-256 as Amazon's signer wants it. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Buffer);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

const signer = new SignatureV4({
  service: "bedrock",
  region: "us-east-1",
  credentials: PAIR,
  sha256: Sha256,
});

interface Wish {
  readonly method?: string;
  /** As it goes on the wire. */
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
  readonly atMs?: number;
}

/** Signed by Amazon's code, and then as it stands on the wire. */
async function signed(wish: Wish = {}): Promise<SignedRequest> {
  const {
    method = "POST",
    path = "/model/m/converse",
    query = {},
    headers = {},
    body = Buffer.alloc(0),
  } = wish;
  const request = new HttpRequest({
    method,
    hostname: HOST,
    path,
    query,
    headers: Object.hasOwn(headers, ":authority") ? headers : { host: HOST, ...headers },
    body,
  });
  const done = await signer.sign(request, { signingDate: new Date(wish.atMs ?? NOW) });
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map((value) => `${escape(name)}=${escape(value)}`),
  );
  return {
    method,
    url: path + (pairs.length === 0 ? "" : `?${pairs.join("&")}`),
    headers: done.headers,
    body,
  };
}

function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) =>
    `%${sign.charCodeAt(0).toString(16)}`.toUpperCase(),
  );
}

function verify(
  request: SignedRequest,
  secret = PAIR.secretAccessKey,
  nowMs = NOW,
): SignatureFault | undefined {
  const by = readAuthorization(String(request.headers["authorization"]));
  assert.ok(by !== undefined);
  return verifySignature(request, by, secret, nowMs);
}

const modelId = fc.oneof(
  fc.constantFrom(
    "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3",
    "arn:aws:sagemaker:us-east-1:123456789012:endpoint/a b+c",
  ),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }).filter((id) => !/^\.{1,2}$/.test(id)),
);
const headerText = fc
  .array(fc.constantFrom("a", "Z", "0", " ", "  ", "\t", ",", ";", "=", '"', "é", "\u00a0", "~"), {
    maxLength: 12,
  })
  .map((signs) => signs.join(""));
const wishes = fc.record({
  method: fc.constantFrom("POST", "GET", "PUT", "DELETE"),
  path: fc
    .tuple(modelId, fc.constantFrom("converse", "invoke", ""))
    .map(([id, operation]) => `/model/${encodeURIComponent(id)}/${operation}`),
  query: fc.dictionary(
    fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
      .filter((name) => !/^(x-amz-signature|__proto__)$/i.test(name)),
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    ),
    { maxKeys: 4 },
  ),
  headers: fc
    .dictionary(
      fc.constantFrom("content-type", "x-amzn-bedrock-trace", "x-amz-user-agent", "amz-sdk-request", "x-own"),
      headerText,
    )
    .map((headers) => ({ ...headers })),
  body: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
});

test("what Amazon's code signs is verified", async () => {
  await fc.assert(
    fc.asyncProperty(wishes, fc.boolean(), async (wish, isHttp2) => {
      const headers = isHttp2 ? { ...wish.headers, ":authority": HOST } : wish.headers;
      assert.equal(verify(await signed({ ...wish, headers })), undefined);
    }),
  );
});

/** Changes that may happen on the way; each does change its request. */
const CHANGES: Readonly<Record<string, (request: SignedRequest) => SignedRequest>> = {
  method: (request) => ({ ...request, method: request.method === "POST" ? "PUT" : "POST" }),
  path: (request) => ({ ...request, url: request.url.replace("/model/", "/model/a") }),
  segment: (request) => ({ ...request, url: request.url.replace("/model/", "/model/a/") }),
  "query added": (request) => ({
    ...request,
    url: `${request.url}${request.url.includes("?") ? "&" : "?"}a=1`,
  }),
  body: (request) => ({ ...request, body: Buffer.concat([request.body, Buffer.from("a")]) }),
  host: (request) => ({ ...request, headers: { ...request.headers, host: "bedrock.example" } }),
  "hash of the body": ({ body, ...request }) => {
    const other = Buffer.concat([body, Buffer.from("a")]);
    const told = createHash("sha256").update(other).digest("hex");
    return { ...request, body: other, headers: { ...request.headers, "x-amz-content-sha256": told } };
  },
  "time within the day": (request) => ({
    ...request,
    headers: { ...request.headers, "x-amz-date": "20261105T123016Z" },
  }),
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`another ${what} is a mismatch`, async () => {
    await fc.assert(
      fc.asyncProperty(wishes, async (wish) => {
        assert.equal(verify(change(await signed(wish)))?.kind, "mismatch");
      }),
      { numRuns: 25 },
    );
  });
}

test("another value of any signed header, and any other secret, is a mismatch", async () => {
  const request = await signed({
    headers: { "content-type": "application/json", "x-amz-user-agent": "a/1 b/2" },
  });
  assert.equal(verify(request), undefined);
  const by = readAuthorization(String(request.headers["authorization"]));
  assert.ok((by?.signedHeaders.length ?? 0) >= 5);
  for (const name of by?.signedHeaders ?? []) {
    if (name === "x-amz-date") continue;
    for (const value of [`${String(request.headers[name])}a`, "", undefined, ["a", "b"]])
      assert.equal(
        verify({ ...request, headers: { ...request.headers, [name]: value } })?.kind,
        "mismatch",
        name,
      );
  }
  for (const secret of ["", `${PAIR.secretAccessKey} `, PAIR.secretAccessKey.toLowerCase()])
    assert.equal(verify(request, secret)?.kind, "mismatch");
  const authorization = String(request.headers["authorization"]);
  for (const other of [
    authorization.replace("us-east-1", "eu-west-1"),
    authorization.replace("/bedrock/", "/s3/"),
    authorization.replace(";x-amz-date", ""),
    authorization.replace(/.$/, (sign) => (sign === "0" ? "1" : "0")),
  ])
    assert.equal(
      verify({ ...request, headers: { ...request.headers, authorization: other } })?.kind,
      "mismatch",
      other,
    );
});

test("a header that is added is not covered, and spaces around and within one do not count", async () => {
  const request = await signed({ headers: { "x-own": "a b" } });
  assert.equal(
    verify({ ...request, headers: { ...request.headers, "x-forwarded-for": "1.2.3.4" } }),
    undefined,
  );
  assert.equal(verify({ ...request, headers: { ...request.headers, "x-own": "  a \t b " } }), undefined);
});

test("a proxy may speak another HTTP than the client: :authority and host are one", async () => {
  const { headers, ...one } = await signed();
  const { host, ...withoutHost } = headers;
  assert.equal(verify({ ...one, headers: { ...withoutHost, ":authority": host } }), undefined);
  assert.equal(verify({ ...one, headers: { ...withoutHost, ":authority": "other" } })?.kind, "mismatch");
  const { headers: second, ...two } = await signed({ headers: { ":authority": HOST } });
  const { ":authority": authority, ...withoutAuthority } = second;
  assert.match(String(second["authorization"]), /SignedHeaders=:authority;/);
  assert.equal(verify({ ...two, headers: { ...withoutAuthority, host: authority } }), undefined);
  assert.equal(verify({ ...two, headers: withoutAuthority })?.kind, "mismatch");
});

test("what is encoded on the wire is encoded once more, and what is not is encoded once", async () => {
  const arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.model-v1:0";
  const request = await signed({ path: `/model/${encodeURIComponent(arn)}/converse` });
  assert.match(request.url, /%3A.*%2F/);
  assert.equal(verify(request), undefined);
  // Another spelling of the same path is another text to sign.
  assert.equal(verify({ ...request, url: request.url.replaceAll("%3A", ":") })?.kind, "mismatch");
  assert.equal(verify({ ...request, url: request.url.replaceAll("%2F", "/") })?.kind, "mismatch");
  // Some SDKs leave the colon alone, and sign it so.
  assert.equal(verify(await signed({ path: "/model/us.model-v1:0/converse" })), undefined);
  assert.equal(verify(await signed({ path: "/model//a/./b/../c//" })), undefined);
});

test("the canonical request is Amazon's, with %253A and %252F", async () => {
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
  const key = ["20261105", "us-east-1", "bedrock", "aws4_request"].reduce<string | Buffer>(
    (secret, text) => createHmac("sha256", secret).update(text).digest(),
    `AWS4${PAIR.secretAccessKey}`,
  );
  const canonical = `POST\n/model/a%253Ab%252Fc/converse\n\nhost:${HOST}\nx-amz-date:20261105T123015Z\n\nhost;x-amz-date\n${hash("{}")}`;
  const text = `AWS4-HMAC-SHA256\n20261105T123015Z\n20261105/us-east-1/bedrock/aws4_request\n${hash(canonical)}`;
  const signature = createHmac("sha256", key).update(text).digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${PAIR.accessKeyId}/20261105/us-east-1/bedrock/aws4_request,SignedHeaders=host;x-amz-date,Signature=${signature}`;
  const headers = { host: HOST, "x-amz-date": "20261105T123015Z", authorization };
  const request = { method: "POST", url: "/model/a%3Ab%2Fc/converse", headers, body: Buffer.from("{}") };
  assert.equal(verify(request), undefined);
});

/** From Amazon's test suite for signers, and its documentation. */
const VECTORS: readonly (readonly [
  url: string,
  service: string,
  headers: Record<string, string>,
  signature: string,
])[] = [
  [
    "/?Action=ListUsers&Version=2010-05-08",
    "iam",
    { "content-type": "application/x-www-form-urlencoded; charset=utf-8", host: "iam.amazonaws.com" },
    "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  ],
  [
    "/",
    "service",
    { host: "example.amazonaws.com" },
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  ],
  [
    "/?Param1=value2&Param1=Value1",
    "service",
    { host: "example.amazonaws.com" },
    "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
  ],
  [
    "/?Param2=value2&Param1=value1",
    "service",
    { host: "example.amazonaws.com" },
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  ],
];

for (const [url, service, own, signature] of VECTORS) {
  test(`Amazon's own example GET ${url} of ${service} is verified`, () => {
    const names = [...Object.keys(own), "x-amz-date"].join(";");
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/${service}/aws4_request, SignedHeaders=${names}, Signature=${signature}`;
    const headers = { ...own, "x-amz-date": "20150830T123600Z", authorization };
    const request = { method: "GET", url, headers, body: Buffer.alloc(0) };
    assert.equal(verify(request, PAIR.secretAccessKey, Date.UTC(2015, 7, 30, 12, 36)), undefined);
  });
}

test("a signature holds five minutes before and after its time", async () => {
  const request = await signed();
  const minutes = 60_000;
  for (const [nowMs, kind] of [
    [NOW - 5 * minutes, undefined],
    [NOW - 5 * minutes - 1, "early"],
    [NOW + 5 * minutes, undefined],
    [NOW + 5 * minutes + 1, "expired"],
    [NOW + 24 * 60 * minutes, "expired"],
  ] as const)
    assert.equal(verify(request, PAIR.secretAccessKey, nowMs)?.kind, kind, `${nowMs - NOW}`);
  assert.equal(
    verify(request, PAIR.secretAccessKey, NOW + 10 * minutes)?.message,
    "Signature expired: 20261105T123015Z is now earlier than 20261105T123515Z (20261105T124015Z - 5 min.)",
  );
});

test("a signature that does not cover host or time as it must is malformed", async () => {
  const { headers, ...request } = await signed();
  const authorization = String(headers["authorization"]);
  const with_ = (more: SignedRequest["headers"]): SignedRequest => ({
    ...request,
    headers: { ...headers, ...more },
  });
  for (const more of [
    { "x-amz-date": undefined },
    { "x-amz-date": "" },
    { "x-amz-date": "2026-11-05T12:30:15Z" },
    { "x-amz-date": ["20261105T123015Z", "20261105T123015Z"] },
    { authorization: authorization.replace("/20261105/", "/20261104/") },
    { authorization: authorization.replace("=host;", "=") },
  ])
    assert.equal(verify(with_(more))?.kind, "malformed", JSON.stringify(more));
});

test("a header's name that every object knows is no header", async () => {
  const request = await signed();
  const authorization = String(request.headers["authorization"]);
  for (const name of ["constructor", "__proto__", "tostring", "toString", "hasOwnProperty", ""]) {
    const other = authorization.replace("SignedHeaders=", `SignedHeaders=${name};`);
    assert.equal(
      verify({ ...request, headers: { ...request.headers, authorization: other } })?.kind,
      "mismatch",
    );
  }
});

test("any request is verified or has a fault", async () => {
  const { headers } = await signed();
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom("/", "%", "?", "&", "=", ".", "3", "é") }),
  );
  fc.assert(
    fc.property(text, fc.dictionary(fc.string(), fc.oneof(text, fc.array(text))), (url, more) => {
      assert.equal(
        verify({ method: "POST", url, headers: { ...more, ...headers }, body: Buffer.alloc(0) })?.kind,
        "mismatch",
      );
      assert.ok(verifyPresigned("POST", url, PAIR.secretAccessKey, NOW) !== undefined);
    }),
  );
});

test("what is no authorization of this kind is none", async () => {
  const good = String((await signed()).headers["authorization"]);
  assert.ok(readAuthorization(good.replaceAll(", ", ",")) !== undefined);
  for (const text of [
    "",
    "Bearer abc",
    "AWS4-HMAC-SHA256",
    "AWS4-HMAC-SHA256 ",
    good.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
    good.replace("aws4_request", "aws4"),
    good.replace("SignedHeaders", "Headers"),
    good.replace(/Signature=.*/, "Signature="),
    good.replace(/.$/, "g"),
    `${good}0`,
    good.replace("/20261105/", "/2026110/"),
    good.replace("us-east-1", "us/east"),
  ])
    assert.equal(readAuthorization(text), undefined, text);
  fc.assert(
    fc.property(fc.string(), (text) => {
      readAuthorization(`AWS4-HMAC-SHA256 ${text}`);
    }),
  );
});

async function presigned(
  expiresIn: number,
  query: Record<string, string> = { Action: "a" },
): Promise<string> {
  const request = new HttpRequest({
    method: "POST",
    hostname: HOST,
    path: "/a",
    query,
    headers: { host: HOST },
  });
  const done = await signer.presign(request, { signingDate: new Date(NOW), expiresIn });
  const pairs = Object.entries(done.query as Record<string, string>);
  return `${HOST}/a?${pairs.map(([name, value]) => `${escape(name)}=${escape(value)}`).join("&")}`;
}

test("a presigned address is verified until it expires", async () => {
  const url = await presigned(60, { Action: "a b+c", é: "ü", "": "" });
  assert.equal(readPresigned(url.slice(url.indexOf("?") + 1))?.accessKeyId, PAIR.accessKeyId);
  for (const [nowMs, kind] of [
    [NOW - 5 * 60_000, undefined],
    [NOW - 5 * 60_000 - 1, "early"],
    [NOW, undefined],
    [NOW + 60_000, undefined],
    [NOW + 60_001, "expired"],
  ] as const)
    assert.equal(verifyPresigned("POST", url, PAIR.secretAccessKey, nowMs)?.kind, kind, `${nowMs - NOW}`);
});

test("a presigned address that was changed is a mismatch, and one without what it needs is malformed", async () => {
  const url = await presigned(60);
  const kind = (other: string, method = "POST"): string | undefined =>
    verifyPresigned(method, other, PAIR.secretAccessKey, NOW)?.kind;
  assert.equal(kind(url, "GET"), "mismatch");
  assert.equal(verifyPresigned("POST", url, "other", NOW)?.kind, "mismatch");
  for (const other of [
    url.replace("Action=a", "Action=b"),
    url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
    url.replace("us-east-1.amazonaws", "us-east-2.amazonaws"),
    `${url}&more=1`,
    url.replace("/a?", "/b?"),
    url.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host%3Bconstructor"),
  ])
    assert.equal(kind(other), "mismatch", other);
  for (const other of [
    HOST,
    `${HOST}/a?b=c`,
    url.replace(/&X-Amz-Signature=\w+/, ""),
    url.replace("X-Amz-Expires=60", "X-Amz-Expires=0"),
    url.replace("X-Amz-Expires=60", "X-Amz-Expires=604801"),
    url.replace("X-Amz-Expires=60", "X-Amz-Expires="),
    url.replace("&X-Amz-Expires=60", ""),
    url.replace("X-Amz-Date=20261105", "X-Amz-Date=20261104"),
    url.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=x-own"),
  ])
    assert.equal(kind(other), "malformed", other);
});
