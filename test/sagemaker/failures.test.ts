import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import { chunk, DONE, FINISH, PLAIN, type Script } from "../support/engine.ts";
import {
  answering,
  coldFor,
  modelError,
  NO_CAPACITY,
  openStream,
  part,
  refusing,
  streamException,
} from "./endpoint.ts";
import { HELLO, readStream, recordOf, refusalOf, startSetup } from "./setup.ts";

const VLLM_400 =
  '{"object":"error","message":"temperature must be at most 2","type":"BadRequestError","code":400}';
const VLLM_LONG =
  '{"error":{"message":"This model\'s maximum context length is 4096 tokens. However, you requested 5000 tokens.","type":"BadRequestError"}}';
const TGI_LONG =
  '{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096","error_type":"validation"}';

interface Case {
  readonly name: string;
  readonly script: Script;
  readonly status: number;
  /** Undefined where the container's own error in OpenAI's form is passed on. */
  readonly code: string | undefined;
  /** What the client is told, at least. */
  readonly says?: RegExp;
  readonly retryAfter?: string;
  /** Whether another target is asked. */
  readonly elsewhere: boolean;
}

const CASES: readonly Case[] = [
  {
    name: "scaled to zero",
    script: refusing(400, "ValidationError", NO_CAPACITY),
    status: 503,
    code: "no_target_available",
    says: /no capacity/,
    retryAfter: "30",
    elsewhere: true,
  },
  {
    name: "a model that is still loaded",
    script: refusing(429, "ModelNotReadyException", "Model loading"),
    status: 503,
    code: "no_target_available",
    retryAfter: "30",
    elsewhere: true,
  },
  {
    name: "an endpoint that there is not",
    script: refusing(400, "ValidationError", "Endpoint chat-ep of account 123456789012 not found."),
    status: 404,
    code: "model_not_found",
    elsewhere: true,
  },
  {
    name: "a component that is missing in the configuration",
    script: refusing(
      400,
      "ValidationError",
      "Inference Component Name header is required for endpoints to which you plan to deploy inference components.",
    ),
    status: 502,
    code: "upstream_error",
    says: /Inference Component Name/,
    elsewhere: true,
  },
  {
    name: "a throttle of SageMaker",
    script: refusing(429, "ThrottlingException", "Rate exceeded", { "retry-after": "7" }),
    status: 429,
    code: "rate_limited",
    retryAfter: "7",
    elsewhere: true,
  },
  {
    name: "SageMaker away",
    script: refusing(503, "ServiceUnavailable", "Try again"),
    status: 502,
    code: "upstream_error",
    elsewhere: true,
  },
  {
    name: "SageMaker broken",
    script: refusing(500, "InternalFailure", "oops"),
    status: 502,
    code: "upstream_error",
    elsewhere: true,
  },
  {
    name: "what SageMaker needs broken",
    script: refusing(530, "InternalDependencyException", "oops"),
    status: 502,
    code: "upstream_error",
    elsewhere: true,
  },
  {
    name: "rights that are missing",
    script: refusing(
      403,
      "AccessDeniedException",
      "User: arn:aws:iam::123456789012:user/x is not authorized",
    ),
    status: 502,
    code: "upstream_error",
    elsewhere: true,
  },
  {
    name: "credentials that have ended",
    script: refusing(403, "ExpiredTokenException", "The security token included in the request is expired"),
    status: 502,
    code: "upstream_error",
    elsewhere: true,
  },
  {
    name: "a request that the container does not take",
    script: modelError(400, VLLM_400),
    status: 400,
    code: "invalid_request",
    says: /temperature must be at most 2/,
    elsewhere: false,
  },
  {
    name: "the same in words",
    script: modelError(422, "temperature is no number"),
    status: 422,
    code: "invalid_request",
    says: /temperature is no number/,
    elsewhere: false,
  },
  {
    name: "a prompt that is too long for vLLM",
    script: modelError(400, VLLM_LONG),
    status: 400,
    code: undefined,
    says: /maximum context length/,
    elsewhere: true,
  },
  {
    name: "a prompt that is too long for TGI",
    script: modelError(422, TGI_LONG),
    status: 422,
    code: "context_overflow",
    says: /max_new_tokens/,
    elsewhere: true,
  },
  {
    name: "a model's name that the container does not know",
    script: modelError(404, '{"error":{"message":"The model `x` does not exist."}}'),
    status: 404,
    code: undefined,
    elsewhere: true,
  },
  {
    name: "a container that is busy",
    script: modelError(429, '{"error":{"message":"queue is full"}}'),
    status: 429,
    code: "rate_limited",
    says: /queue is full/,
    elsewhere: true,
  },
  {
    name: "a container that is away",
    script: modelError(503, "upstream connect error"),
    status: 502,
    code: "upstream_error",
    says: /upstream connect error/,
    elsewhere: true,
  },
  {
    name: "a container of LMI that failed",
    script: modelError(424, '{"code":424,"message":"invoke handler failure","error":"out of memory"}'),
    status: 502,
    code: "upstream_error",
    elsewhere: true,
  },
  {
    name: "a container that takes too long",
    script: modelError(0, "Your invocation timed out while waiting for a response from container primary."),
    status: 504,
    code: "upstream_timeout",
    elsewhere: true,
  },
];

for (const { name, script, status, code, says, retryAfter, elsewhere } of CASES) {
  test(`${name}: ${status} for the client, ${elsewhere ? "and another target serves" : "whichever targets there are"}`, async () => {
    await using setup = await startSetup(script);
    for (const stream of [false, true]) {
      const refusal = await refusalOf(setup, { stream });
      assert.equal(refusal.status, status, refusal.text);
      assert.equal(refusal.code, code, refusal.text);
      if (says !== undefined) assert.match(refusal.message, says);
      if (retryAfter !== undefined) assert.equal(refusal.headers.get("retry-after"), retryAfter);
      assert.doesNotMatch(refusal.text, /123456789012|AKIA/, "the client hears nothing of our account");
      const record = await recordOf(setup);
      assert.equal(record.costNano ?? 0n, 0n);
      assert.doesNotMatch(inspect(record, { depth: 9 }), /123456789012/);
    }
    const through = await setup.gateway.chat({ model: "answer", messages: HELLO });
    await through.text();
    assert.equal(through.status, elsewhere ? 200 : status);
    if (elsewhere) assert.equal(through.headers.get("x-switchyard-target"), "other");
    else assert.equal(setup.endpoint.seen.length, 3);
  });
}

test("trap 19: an endpoint that is scaled to zero is stood in for until it is warm", async () => {
  await using setup = await startSetup(coldFor(2, answering(PLAIN, [])));
  const targets: (string | null)[] = [];
  for (let request = 0; request < 3; request++) {
    const reply = await setup.gateway.chat({ model: "answer", messages: HELLO });
    await reply.text();
    assert.equal(reply.status, 200);
    targets.push(reply.headers.get("x-switchyard-target"));
  }
  assert.deepEqual(targets, ["other", "other", "chat"]);
});

const STREAM_FAILURES: readonly (readonly [string, Buffer, RegExp])[] = [
  [
    "a model whose stream takes too long",
    streamException("ModelStreamError", { Message: "m", ErrorCode: "ModelInvocationTimeExceeded" }),
    /did not finish its stream/,
  ],
  [
    "a model whose stream broke",
    streamException("ModelStreamError", { Message: "m", ErrorCode: "StreamBroken" }),
    /connection between SageMaker and the model broke/,
  ],
  [
    "SageMaker's own fault",
    streamException("InternalStreamFailure", { Message: "m" }),
    /InternalStreamFailure/,
  ],
  [
    "an exception that nobody knows",
    streamException("NewException", { Message: "m" }),
    /broke its stream off/,
  ],
];

for (const [name, exception, says] of STREAM_FAILURES) {
  test(`in mid-stream, ${name} is an error and no end`, async () => {
    await using setup = await startSetup((_request, response) => {
      openStream(response);
      response.end(Buffer.concat([part(chunk("one ")), exception, part(FINISH + DONE)]));
    });
    await assert.rejects(readStream(setup.client), says);
    const record = await recordOf(setup);
    assert.equal(record.status, "failed");
    assert.ok((record.costNano ?? 0n) > 0n, "what was generated is paid for");
  });

  test(`before the first word, ${name} makes another target serve`, async () => {
    await using setup = await startSetup((_request, response) => {
      openStream(response);
      response.end(exception);
    });
    const reply = await setup.gateway.chat({ model: "answer", messages: HELLO, stream: true });
    assert.match(await reply.text(), /\[DONE\]/);
    assert.equal(reply.headers.get("x-switchyard-target"), "other");
  });
}

test("a body longer than SageMaker takes is not sent, and another target serves it", async () => {
  await using setup = await startSetup(answering(PLAIN, []));
  const messages = [{ role: "user" as const, content: "x".repeat(6_300_000) }];
  const refusal = await refusalOf(setup, { messages });
  assert.deepEqual([refusal.status, refusal.code], [413, "payload_too_large"]);
  assert.match(refusal.message, /6291456/);
  assert.equal(setup.endpoint.seen.length, 0);
  const reply = await setup.gateway.chat({ model: "answer", messages });
  await reply.text();
  assert.equal(reply.headers.get("x-switchyard-target"), "other");
});

test("an API key that the service repeats reaches no client", async () => {
  await using setup = await startSetup(
    (request, response) =>
      modelError(400, `{"error":{"message":"bad ${request.headers.authorization ?? ""}"}}`)(
        request,
        response,
      ),
    { payload: "openai-path", provider: ', apiKey: "env:SAGEMAKER_KEY"' },
  );
  const refusal = await refusalOf(setup);
  assert.equal(refusal.status, 400);
  assert.doesNotMatch(refusal.text, /sagemaker-api-key/);
});

test("a target whose model is no address of an endpoint is a fault of the configuration", async () => {
  await assert.rejects(
    startSetup(answering(PLAIN, []), { model: "a/b/c" }),
    /targets\.chat\.model: is neither ENDPOINT nor ENDPOINT\/COMPONENT/,
  );
});
