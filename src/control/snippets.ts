/** What a new user pastes first; printed by `up` and shown on the page. */
export interface Snippets {
  readonly curl: string;
  readonly openai: string;
  readonly anthropic: string;
  readonly aws: string;
}

/**
 * @param base   the gateway's URL, without a trailing slash
 * @param key    a key, or a placeholder for one
 * @param model  a task or target that the key may use
 */
export function snippets(base: string, key: string, model: string): Snippets {
  return {
    curl: `curl ${base}/v1/chat/completions \\
  -H "authorization: Bearer ${key}" -H "content-type: application/json" \\
  -d '{"model":"${model}","messages":[{"role":"user","content":"Hello"}]}'`,
    openai: `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${base}/v1", apiKey: "${key}" });
const stream = await client.chat.completions.create({
  model: "${model}",
  messages: [{ role: "user", content: "Hello" }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}`,
    anthropic: `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "${base}/anthropic", apiKey: "${key}" });
const message = await client.messages.create({
  model: "${model}",
  max_tokens: 500,
  messages: [{ role: "user", content: "Hello" }],
});
for (const block of message.content) {
  if (block.type === "text") console.log(block.text);
}`,
    aws: `import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";

const client = new BedrockRuntimeClient({
  region: "us-east-1",
  endpoint: "${base}",
  token: { token: "${key}" },
  authSchemePreference: ["httpBearerAuth"],
});
const reply = await client.send(
  new ConverseCommand({ modelId: "${model}", messages: [{ role: "user", content: [{ text: "Hello" }] }] }),
);
console.log(reply.output?.message?.content?.[0]?.text);`,
  };
}
