import assert from "node:assert/strict";
import test from "node:test";
import { getToken } from "@aws/bedrock-token-generator";
import { readBedrockApiKey, verifyBedrockApiKey } from "./bedrock-api-key.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MARK = "bedrock-api-key-";

/** A key as Amazon's generator makes it, now. */
function generated(expiresInSeconds?: number, sessionToken?: string): Promise<string> {
  const credentials = {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: SECRET,
    ...(sessionToken && { sessionToken }),
  };
  return getToken({ credentials, region: "eu-west-1", ...(expiresInSeconds && { expiresInSeconds }) });
}

function kind(token: string, secret = SECRET, laterMs = 0): string | undefined {
  const key = readBedrockApiKey(token);
  assert.ok(key !== undefined);
  return verifyBedrockApiKey(key, secret, Date.now() + laterMs)?.kind;
}

/** The token with its text changed. */
function changed(token: string, from: string | RegExp, to: string): string {
  const text = Buffer.from(token.slice(MARK.length), "base64").toString();
  assert.notEqual(text.replace(from, to), text);
  return MARK + Buffer.from(text.replace(from, to)).toString("base64");
}

test("a key of Amazon's generator is read and verified, with and without a session", async () => {
  for (const token of [await generated(), await generated(900), await generated(900, "FwoGZXIvYXdzE+/=")]) {
    const { accessKeyId, region, service, signedHeaders } = readBedrockApiKey(token)?.by ?? {};
    assert.deepEqual(
      { accessKeyId, region, service, signedHeaders },
      { accessKeyId: "AKIDEXAMPLE", region: "eu-west-1", service: "bedrock", signedHeaders: ["host"] },
    );
    assert.equal(kind(token), undefined);
    assert.equal(kind(token, "another"), "mismatch");
  }
});

test("a key holds as long as it says, and twelve hours at most", async () => {
  const token = await generated(900);
  assert.equal(kind(token, SECRET, 890_000), undefined);
  assert.equal(kind(token, SECRET, 901_000), "expired");
  assert.equal(kind(token, SECRET, -400_000), "early");
  assert.equal(kind(await generated(), SECRET, 43_190_000), undefined);
  assert.equal(readBedrockApiKey(changed(token, "Expires=900", "Expires=43201")), undefined);
  assert.equal(kind(changed(token, "Expires=900", "Expires=901")), "mismatch");
  assert.equal(kind(changed(token, "Expires=900", "Expires=")), "malformed");
});

test("a key that was changed is a mismatch, or none", async () => {
  const token = await generated(900);
  for (const [from, to] of [
    ["eu-west-1", "us-east-1"],
    ["AKIDEXAMPLE", "AKIDOTHER"],
    ["Action=", "a=b&Action="],
    ["amazonaws.com/?", "amazonaws.com/a?"],
  ] as const)
    assert.equal(kind(changed(token, from, to)), "mismatch", to);
  for (const [from, to] of [
    ["bedrock.amazonaws.com", "sts.amazonaws.com"],
    ["bedrock.amazonaws.com", "bedrock.amazonaws.com.evil.example"],
    ["CallWithBearerToken", "Other"],
    ["%2Fbedrock%2F", "%2Fs3%2F"],
    ["&Version=1", ""],
    ["&Version=1", "&Version=2"],
    [/X-Amz-Signature=\w+/, "X-Amz-Signature=0"],
  ] as const)
    assert.equal(readBedrockApiKey(changed(token, from, to)), undefined, to);
});

test("what is no such key is none", async () => {
  const token = await generated();
  for (const text of [
    "",
    "sy-abc",
    MARK,
    `${MARK}!!!!`,
    `${MARK}AAAA`,
    token.slice(1),
    token.slice(MARK.length),
  ])
    assert.equal(readBedrockApiKey(text), undefined, text);
});
