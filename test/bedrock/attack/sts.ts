import type http from "node:http";
import { Engine } from "../../support/engine.ts";
import { startGateway, type TestGateway } from "../../support/gateway.ts";
import { CHAT, converseReply, HAIKU, SAY, sendJson, sendStream, streamOf } from "../traps/support.ts";

process.env["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE";
process.env["AWS_SECRET_ACCESS_KEY"] = "wJalrXUtnFEMI/K7MDENG/EXAMPLEKEY";
process.env["AWS_EC2_METADATA_DISABLED"] = "true";
delete process.env["AWS_SESSION_TOKEN"];
delete process.env["AWS_PROFILE"];

/** The target of chats, and the one of embeddings. */
export const MODELS = { fine: HAIKU, titan: "amazon.titan-embed-text-v2:0" };
const ROLE = "arn:aws:iam::123456789012:role/switchyard-inference";

/** A gateway whose STS and Bedrock are one scripted upstream, and a second target that needs no credentials. */
export interface StsWorld extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** What STS does; `credentials()` where nothing is said. */
  sts: (response: http.ServerResponse, form: URLSearchParams) => void;
  /** What Bedrock does with a request; answers where nothing is said. */
  model: (response: http.ServerResponse, path: string, token: string | undefined) => void;
  /** Requests to STS. */
  readonly asked: URLSearchParams[];
  /** Session tokens of the requests to models. */
  readonly tokens: (string | undefined)[];
  readonly other: Engine;
}

export async function startSts(target = ""): Promise<StsWorld> {
  const other = await Engine.start();
  const engine = await Engine.start((request, response) => {
    if (request.path === "/") {
      const form = new URLSearchParams(request.raw.toString());
      world.asked.push(form);
      return world.sts(response, form);
    }
    const token = request.headers["x-amz-security-token"];
    world.tokens.push(token as string | undefined);
    world.model(response, request.path, token as string | undefined);
  });
  const lines = Object.entries(MODELS).map(
    ([name, model]) =>
      `  ${name}: { provider: aws, model: "${model}", tier: premium, price: { input: 1, output: 5 }${target} }`,
  );
  const gateway = await startGateway(`providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "http://127.0.0.1:${engine.port}", assumeRole: { role: "${ROLE}" } }
  eng: { kind: openai-compatible, baseUrl: "${other.url}" }
targets:
${lines.join("\n")}
  eng: { provider: eng, model: up, tier: premium, price: { input: 1, output: 2 } }
tasks:
  either: { targets: [fine, eng] }
tenants:
  acme: { tasks: ["*"] }
  globex: { tasks: ["*"] }
`);
  const world: StsWorld = {
    gateway,
    other,
    sts: (response) => sendCredentials(response, `token-${world.asked.length}`),
    model: answerModel,
    asked: [],
    tokens: [],
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
  return world;
}

export function answerModel(response: http.ServerResponse, path: string): void {
  if (path.endsWith("-stream")) return sendStream(response, streamOf());
  if (path.endsWith("/invoke"))
    return sendJson(response, JSON.stringify({ embedding: [0.25, 0.5], inputTextTokenCount: 4 }), 200, {
      "x-amzn-bedrock-input-token-count": "4",
    });
  sendJson(response, converseReply([{ text: "x" }]));
}

export function sendCredentials(response: http.ServerResponse, token: string, livesMs = 3_600_000): void {
  sendXml(response, 200, credentialsXml(token, new Date(Date.now() + livesMs).toISOString()));
}

export function credentialsXml(token: string, expiration: string): string {
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROA1:x</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/x</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIA${token.toUpperCase()}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>${token}</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}

export function stsError(response: http.ServerResponse, status: number, code: string): void {
  sendXml(
    response,
    status,
    `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
  );
}

export function sendXml(response: http.ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "text/xml" });
  response.end(body);
}

type Ask = (gateway: TestGateway, signal?: AbortSignal) => Promise<Response>;

function post(path: string, body: object): Ask {
  return (gateway, signal) =>
    fetch(`${gateway.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      ...(signal !== undefined && { signal }),
    });
}

/** Every way in which a client has Bedrock asked. */
export const ASKS: Readonly<Record<string, Ask>> = {
  chat: post("/v1/chat/completions", CHAT),
  "streamed chat": post("/v1/chat/completions", { ...CHAT, stream: true }),
  Converse: post("/model/fine/converse", SAY("hi")),
  ConverseStream: post("/model/fine/converse-stream", SAY("hi")),
  InvokeModel: post("/model/titan/invoke", { inputText: "hi" }),
  embeddings: post("/v1/embeddings", { model: "titan", input: ["one", "two", "three"] }),
};
