import { createProvider } from "../../src/providers/registry.ts";
import type { SageMakerOptions } from "../../src/providers/sagemaker/adapter.ts";
import {
  answer,
  chunk,
  DONE,
  FINISH,
  PLAIN,
  plain,
  sse,
  USAGE_FRAME,
  type Script,
} from "../support/engine.ts";
import {
  addressed,
  API_KEY,
  modelError,
  openStream,
  PAIR,
  part,
  refusing,
  REGION,
  startEndpoint,
  streaming,
  useCredentials,
} from "../sagemaker/endpoint.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";

const WORDS = ["one ", "two ", "three ", "four ", "five"];

/** What is the same whatever the container takes. */
const REFUSALS = {
  throttle: refusing(429, "ThrottlingException", "Rate exceeded", { "retry-after": "7" }),
  fail: refusing(500, "InternalFailure", "oops"),
  reject: modelError(400, '{"error":{"message":"max_tokens is too large","type":"invalid_request_error"}}'),
  // What signs is never sent, so that it cannot be repeated.
  deny: refusing(403, "AccessDeniedException", `not with ${API_KEY}`),
  hang: () => {},
} satisfies Partial<Record<Scenario, Script>>;

type Scripts = Readonly<Record<Exclude<Scenario, "away">, Script>>;

function framed(events: readonly string[], whole: string): Scripts {
  return {
    ...REFUSALS,
    answer: (request, response) =>
      addressed(request).stream ? streaming(events)(request, response) : plain(response, 200, whole),
    cut: (_request, response) => {
      openStream(response);
      response.write(part(events[0] ?? ""));
      setTimeout(() => response.destroy(), 30);
    },
  };
}

function subject(
  name: string,
  payload: SageMakerOptions["payload"],
  scripts: Scripts,
  secret: string,
): Subject {
  return {
    kind: "sagemaker",
    name: `sagemaker, ${name}`,
    async open(scenario): Promise<Opened> {
      useCredentials();
      const endpoint = await startEndpoint(scripts[scenario === "away" ? "hang" : scenario]);
      if (scenario === "away") await endpoint[Symbol.asyncDispose]();
      const provider = createProvider("subject", {
        kind: "sagemaker",
        region: REGION,
        baseUrl: endpoint.base,
        profile: undefined,
        apiKey: payload === "openai-path" ? API_KEY : undefined,
        payload,
        chatTemplate: "chatml",
        sendModel: undefined,
        connections: 4,
      });
      return {
        provider,
        model: "chat-ep",
        secret,
        noticedCancel: () => endpoint.seen.some((seen) => seen.closedEarly),
        async [Symbol.asyncDispose]() {
          if (scenario !== "away") await endpoint[Symbol.asyncDispose]();
          await provider.close();
        },
      };
    },
  };
}

const CHAT = [...WORDS.map(chunk), FINISH, USAGE_FRAME, DONE];

/** vLLM and its like, in SageMaker's event streams. */
export const sageMakerSubject = subject(
  "by invocations",
  "openai",
  framed(CHAT, PLAIN),
  PAIR.secretAccessKey,
);

/** The same at the path that speaks OpenAI. */
export const sageMakerPathSubject = subject(
  "by the OpenAI path",
  "openai-path",
  {
    ...REFUSALS,
    answer: answer(WORDS),
    cut: (_request, response) => {
      sse(response);
      response.write(chunk("a part"));
      setTimeout(() => response.destroy(), 30);
    },
  },
  API_KEY,
);

const DETAILS = { finish_reason: "eos_token", generated_tokens: 5, input_length: 9 };
const TOKENS = WORDS.map(
  (text, index) =>
    `data:${JSON.stringify({ token: { id: index, text, special: false }, ...(index === 4 && { generated_text: WORDS.join(""), details: DETAILS }) })}\n\n`,
);

/** TGI: a client of OpenAI is served by translation. */
export const sageMakerGenerateSubject = subject(
  "by a prompt",
  "tgi",
  framed(TOKENS, JSON.stringify([{ generated_text: WORDS.join(""), details: DETAILS }])),
  PAIR.secretAccessKey,
);
