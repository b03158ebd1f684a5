import * as z from "zod";
import { ANTHROPIC_URL } from "./address-faults.ts";
import { addressLike, duration, missingLike, secret } from "./values.ts";

/** Names are data: providers/openai-compatible/vendors.ts says what each does differently. */
export const VENDORS = [
  "generic",
  "openai",
  "azure",
  "foundry",
  "mantle",
  "vllm",
  "sglang",
  "tgi",
  "llamacpp",
  "ollama",
] as const;

const fault = z.strictObject({
  kind: z
    .enum(["error", "slow", "cut", "hang"])
    .describe(
      "error: an HTTP status; slow: late first token; cut: broken off in mid-reply; hang: never answers.",
    ),
  status: z.int().min(400).max(599).default(500).describe("For error: 429, 500, …"),
  every: z.int().min(1).default(1).describe("Every n-th request fails; 1 is each."),
  model: z.string().optional().describe("Only for this model."),
  delay: duration.prefault("10s").describe("For slow: added before the first token."),
  afterTokens: z.int().min(0).default(5).describe("For cut: tokens sent before the break."),
});

/** Forms of a conversation for models that take one text; providers/text-generation has them. */
export const CHAT_TEMPLATES = ["llama3", "llama2", "mistral", "chatml", "gemma", "phi3", "plain"] as const;

const region = z
  .string(missingLike("region: eu-central-1"))
  .regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'write a Region such as "eu-central-1"')
  .describe("The AWS Region that is asked and signed for.");
const profile = z
  .string()
  .min(1)
  .optional()
  .describe("A profile of the shared AWS configuration; the standard credential chain where absent.");
const chatTemplate = z.enum(CHAT_TEMPLATES);

/** An upstream API, by its kind. */
export const provider = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("openai-compatible"),
    baseUrl: addressLike("http://127.0.0.1:8000/v1").describe(
      "Everything before /chat/completions; for Azure the resource, https://NAME.openai.azure.com.",
    ),
    apiKey: secret.optional().describe("env:NAME or file:PATH; left out where the engine wants none."),
    vendor: z
      .enum(VENDORS)
      .optional()
      .describe("Whose differences apply; guessed from baseUrl where absent."),
    apiVersion: z.string().optional().describe("Azure OpenAI's api-version."),
    responses: z
      .enum(["pass", "translate", "only"])
      .optional()
      .describe(
        "Whether the upstream speaks OpenAI's Responses: pass such requests on, translate them to chat completions, or use nothing else (only), also for chat; guessed from the vendor where absent.",
      ),
    connections: z.int().min(1).max(10_000).default(512).describe("Connections to the engine at most."),
  }),
  z.strictObject({
    kind: z.literal("simulator"),
    firstToken: duration.prefault("180ms").describe("Median time to the first token."),
    tokensPerSecond: z.number().positive().max(100_000).default(80).describe("Median speed of one stream."),
    faults: z.array(fault).default([]).describe("Scripted failures."),
  }),
  z.strictObject({
    kind: z.literal("bedrock"),
    region,
    baseUrl: addressLike("https://bedrock-runtime.eu-central-1.amazonaws.com")
      .optional()
      .describe("Instead of the Region's own address: a VPC endpoint, or an emulator."),
    apiKey: secret
      .optional()
      .describe("A Bedrock API key; without one requests are signed with AWS credentials."),
    profile,
    assumeRole: z
      .strictObject({
        role: z
          .string()
          .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/, "write the ARN of an IAM role")
          .describe("The role, taken once for each tenant with a session of its own."),
        externalId: z.string().min(2).optional().describe("What the role's trust policy asks for."),
        tenantTag: z
          .string()
          .min(1)
          .max(128)
          .default("tenant")
          .describe("The session tag that bears the tenant, for AWS's cost reports."),
        tags: z
          .record(z.string().min(1).max(128), z.string().max(256))
          .default({})
          .describe("Further session tags."),
      })
      .optional()
      .describe("Take a role for each tenant, so that AWS's own bills tell tenants apart."),
    requestMetadata: z
      .boolean()
      .default(true)
      .describe("Send the exchange's id and tenant along, so that AWS's invocation logs can be joined."),
    connections: z.int().min(1).max(10_000).default(512).describe("Connections to the Region at most."),
  }),
  z.strictObject({
    kind: z.literal("anthropic"),
    baseUrl: addressLike("http://127.0.0.1:8000")
      .default(ANTHROPIC_URL)
      .describe(
        "Everything before /v1/messages: Anthropic, Claude in Foundry (…/anthropic), Bedrock's own host for it, or an engine that speaks it.",
      ),
    apiKey: secret.optional().describe("env:NAME or file:PATH; left out where the engine wants none."),
    auth: z
      .enum(["x-api-key", "bearer"])
      .optional()
      .describe("Which header carries the key; guessed from baseUrl where absent."),
    connections: z.int().min(1).max(10_000).default(512).describe("Connections at most."),
  }),
  z.strictObject({
    kind: z.literal("sagemaker"),
    region,
    baseUrl: addressLike("https://runtime.sagemaker.eu-central-1.amazonaws.com")
      .optional()
      .describe("Instead of the Region's own address: a VPC endpoint, or an emulator."),
    profile,
    apiKey: secret
      .optional()
      .describe("A SageMaker API key, for payload openai-path; without one requests are signed."),
    payload: z
      .enum(["openai", "openai-path", "tgi", "djl"])
      .default("openai")
      .describe(
        "What the container takes at /invocations: openai (vLLM, SGLang), tgi, djl (LMI); openai-path asks the endpoint's own OpenAI path.",
      ),
    chatTemplate: chatTemplate
      .default("plain")
      .describe(
        "How a conversation becomes one text: the form the model was trained on. Payloads tgi and djl need it written; the others have no use for it.",
      ),
    sendModel: z
      .string()
      .optional()
      .describe(
        "The model's name inside the body, for payloads openai (left out where absent) and openai-path (empty).",
      ),
    connections: z.int().min(1).max(10_000).default(512).describe("Connections to the Region at most."),
  }),
  z.strictObject({
    kind: z.literal("triton"),
    baseUrl: addressLike("http://127.0.0.1:8000").describe("Everything before /v2/models."),
    apiKey: secret.optional().describe("Sent as a bearer token; left out where the server wants none."),
    chatTemplate: chatTemplate.describe(
      "How a conversation becomes one text: the form the model was trained on.",
    ),
    fields: z
      .strictObject({
        input: z.string().min(1).default("text_input").describe("The tensor that holds the prompt."),
        output: z.string().min(1).default("text_output").describe("The tensor that holds the answer."),
      })
      .prefault({})
      .describe("Names of the model's tensors."),
    parameters: z
      .enum(["vllm", "trtllm"])
      .default("vllm")
      .describe("Whose names for sampling parameters the model's backend takes."),
    connections: z.int().min(1).max(10_000).default(512).describe("Connections to the server at most."),
  }),
]);
