import assert from "node:assert/strict";
import test from "node:test";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { getToken } from "@aws/bedrock-token-generator";
import { ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { asking, PAIR, post, refusalOf, sdk, sdk1, SONNET, start } from "./support.ts";

const HELLO = new ConverseCommand(asking("Hello"));
const BODY = { messages: [{ role: "user", content: [{ text: "Hello" }] }] };
const PATH = `/model/${encodeURIComponent(SONNET)}/converse`;

test("a wrong secret, an unknown key and no credentials are refused as the service refuses them", async () => {
  await using emulator = await start();
  const refusals = [
    [
      { ...PAIR, secretAccessKey: "another" },
      "InvalidSignatureException",
      /signature we calculated does not match/,
    ],
    [
      { ...PAIR, accessKeyId: "AKIAUNKNOWN" },
      "UnrecognizedClientException",
      /^The security token included in the request is invalid\.$/,
    ],
  ] as const;
  for (const [credentials, name, message] of refusals)
    for (const client of [sdk, sdk1]) {
      using runtime = client(emulator, { credentials });
      const error = await refusalOf(runtime.send(HELLO));
      assert.equal(error.name, name);
      assert.match(error.message, message);
      assert.equal(error.$metadata?.httpStatusCode, 403);
    }
  const missing = await post(emulator, PATH, BODY);
  assert.deepEqual(
    [missing.status, missing.type, missing.json.message],
    [403, "MissingAuthenticationTokenException", "Missing Authentication Token"],
  );
});

test("a request changed after it was signed is refused", async () => {
  await using emulator = await start();
  using runtime = sdk1(emulator);
  const command = new ConverseCommand(asking("Hello"));
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: Uint8Array | string };
      const text = typeof request.body === "string" ? request.body : new TextDecoder().decode(request.body);
      request.body = text.replace("Hello", "Hallo");
      return next(args);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  const error = await refusalOf(runtime.send(command));
  assert.equal(error.name, "InvalidSignatureException");
});

test("a signature whose time has passed is refused with both times", async () => {
  const clock = { now: () => Date.now() + 20 * 60_000, monotonic: () => performance.now() };
  await using emulator = await start({ clock });
  // The SDK corrects its clock by the reply's date, so the first answer counts.
  using runtime = sdk(emulator);
  const error = await refusalOf(runtime.send(HELLO));
  assert.equal(error.name, "InvalidSignatureException");
  assert.match(error.message, /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z/);
});

test("with a Region, signatures and profiles of others are refused", async () => {
  await using emulator = await start({ region: "eu-west-1" });
  using elsewhere = sdk(emulator);
  assert.equal((await refusalOf(elsewhere.send(HELLO))).name, "InvalidSignatureException");
  using here = sdk(emulator, { region: "eu-west-1" });
  const wrongProfile = await refusalOf(here.send(HELLO));
  assert.equal(wrongProfile.name, "ResourceNotFoundException");
  const { stopReason } = await here.send(
    new ConverseCommand(asking("Hello", { modelId: "eu.amazon.nova-lite-v1:0" })),
  );
  assert.equal(stopReason, "end_turn");
});

test("the long-term API key is taken, any other bearer is not", async () => {
  await using emulator = await start();
  const options = { authSchemePreference: ["httpBearerAuth"] };
  using runtime = sdk(emulator, { ...options, token: { token: "a-long-term-key" } });
  await runtime.send(HELLO);
  assert.equal(emulator.requests()[0]?.signedBy?.kind, "api-key");
  using wrong = sdk(emulator, { ...options, token: { token: "another" } });
  const error = await refusalOf(wrong.send(HELLO));
  assert.equal(error.name, "AccessDeniedException");
  assert.equal(error.$metadata?.httpStatusCode, 403);
});

test("a short-term API key of the AWS generator is verified: signer, Region, time", async () => {
  const mint = (more: object = {}): Promise<string> =>
    getToken({ credentials: PAIR, region: "us-east-1", expiresInSeconds: 600, ...more });
  const options = { authSchemePreference: ["httpBearerAuth"] };
  await using emulator = await start({ region: "us-east-1" });
  using runtime = sdk(emulator, { ...options, token: { token: await mint() } });
  await runtime.send(HELLO);
  assert.equal(emulator.requests()[0]?.signedBy?.kind, "short-term-key");
  const bad = [
    await mint({ credentials: { ...PAIR, secretAccessKey: "another" } }),
    await mint({ region: "eu-west-1" }),
    `${await mint()}x`.replace("bedrock-api-key-", "bedrock-api-key-A"),
  ];
  for (const token of bad) {
    using refused = sdk(emulator, { ...options, token: { token } });
    assert.equal((await refusalOf(refused.send(HELLO))).name, "AccessDeniedException");
  }
  const later = { now: () => Date.now() + 3_600_000, monotonic: () => performance.now() };
  await using tomorrow = await start({ clock: later });
  using expired = sdk(tomorrow, { ...options, token: { token: await mint() } });
  const error = await refusalOf(expired.send(HELLO));
  assert.deepEqual([error.name, error.message], ["AccessDeniedException", "Bearer Token has expired"]);
});

test("a role is assumed with the SDK's own provider, and its tags are known with every later request", async () => {
  await using emulator = await start();
  const credentials = fromTemporaryCredentials({
    masterCredentials: PAIR,
    params: {
      RoleArn: "arn:aws:iam::210987654321:role/tenant-a",
      RoleSessionName: "switchyard@tenant-a",
      Tags: [
        { Key: "tenant", Value: "a" },
        { Key: "app", Value: "mail" },
      ],
    },
    clientConfig: { region: "us-east-1", endpoint: emulator.url },
  });
  using runtime = sdk(emulator, { credentials });
  await runtime.send(HELLO);
  const [assumed, asked] = emulator.requests();
  assert.equal(assumed?.operation, "AssumeRole");
  assert.equal(asked?.signedBy?.kind, "session");
  assert.equal(asked?.signedBy?.sessionName, "switchyard@tenant-a");
  assert.match(asked?.signedBy?.accessKeyId ?? "", /^ASIA[A-Z2-7]{16}$/);
  assert.deepEqual(asked?.sessionTags, { tenant: "a", app: "mail" });
  const { sessionToken, ...withoutToken } = await credentials();
  assert.ok(sessionToken);
  using incomplete = sdk(emulator, { credentials: withoutToken });
  assert.equal((await refusalOf(incomplete.send(HELLO))).name, "UnrecognizedClientException");
});

test("an error that a script asks for when a role is assumed is in STS's own notation and codes", async () => {
  await using emulator = await start();
  for (const [exception, name] of [
    ["ThrottlingException", "Throttling"],
    ["AccessDenied", "AccessDenied"],
    ["ExpiredTokenException", "ExpiredToken"],
  ] as const) {
    emulator.setFaults([{ kind: "error", operation: "AssumeRole", exception, message: "not <now>" }]);
    const refusal = await refusalOf(
      fromTemporaryCredentials({
        masterCredentials: PAIR,
        params: { RoleArn: "arn:aws:iam::210987654321:role/r", RoleSessionName: "session" },
        clientConfig: { region: "us-east-1", endpoint: emulator.url, maxAttempts: 1 },
      })(),
    );
    assert.deepEqual([refusal.name, refusal.message], [name, "not <now>"]);
    assert.equal(emulator.requests().at(-1)?.error, exception);
  }
});

test("sessions with a bad name, too many tags or tags too long are refused in the words of STS", async () => {
  await using emulator = await start();
  const assume = (params: object): Promise<Error> =>
    refusalOf(
      fromTemporaryCredentials({
        masterCredentials: PAIR,
        params: { RoleArn: "arn:aws:iam::210987654321:role/r", RoleSessionName: "name", ...params },
        clientConfig: { region: "us-east-1", endpoint: emulator.url, maxAttempts: 1 },
      })(),
    );
  assert.match(
    (await assume({ RoleSessionName: "x" })).message,
    /Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2/,
  );
  assert.match(
    (await assume({ RoleSessionName: "a b" })).message,
    /regular expression pattern: \[\\w\+=,\.@-\]\*/,
  );
  const many = Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: "v" }));
  assert.match((await assume({ Tags: many })).message, /less than or equal to 50/);
  assert.match((await assume({ Tags: [{ Key: "k".repeat(129), Value: "v" }] })).message, /equal to 128/);
  assert.match((await assume({ Tags: [{ Key: "k", Value: "v".repeat(257) }] })).message, /equal to 256/);
});

test("an expired session is told from an invalid one", async () => {
  let now = Date.now();
  await using emulator = await start({ clock: { now: () => now, monotonic: () => performance.now() } });
  const session = await fromTemporaryCredentials({
    masterCredentials: PAIR,
    params: { RoleArn: "arn:aws:iam::210987654321:role/r", RoleSessionName: "name", DurationSeconds: 900 },
    clientConfig: { region: "us-east-1", endpoint: emulator.url },
  })();
  now += 901_000;
  using runtime = sdk(emulator, { credentials: session, systemClockOffset: 901_000 });
  const error = await refusalOf(runtime.send(HELLO));
  assert.equal(error.name, "ExpiredTokenException");
});

test("nothing to verify with is said, not let pass", async () => {
  const saved = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_BEARER_TOKEN_BEDROCK"].map(
    (name) => [name, process.env[name]] as const,
  );
  const { startBedrockEmulator } = await import("../../src/emulator/index.ts");
  try {
    for (const [name] of saved) delete process.env[name];
    assert.match((await refusalOf(startBedrockEmulator())).message, /set AWS_ACCESS_KEY_ID/);
  } finally {
    for (const [name, value] of saved) if (value !== undefined) process.env[name] = value;
  }
});
