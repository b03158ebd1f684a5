import assert from "node:assert/strict";
import test from "node:test";
import type { ChatMessage, ChatPart, ChatRequest } from "../../core/chat.ts";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";
import { CHAT_TEMPLATES, type ChatTemplateName } from "./chat-template.ts";
import { writePrompt } from "./write-prompt.ts";

function says(role: ChatMessage["role"], text: string): ChatMessage {
  return { role, parts: [{ type: "text", text }] };
}

/** Instructions, two turns, and a question. */
const LONG: ChatRequest = {
  ...EMPTY_CHAT,
  system: [{ type: "text", text: "Be brief." }],
  messages: [says("user", "Hi"), says("assistant", "Hello!"), says("user", "Who are you?")],
};
const SHORT: ChatRequest = { ...EMPTY_CHAT, messages: [says("user", "Hi")] };
const BEGUN: ChatRequest = { ...EMPTY_CHAT, messages: [says("user", "Count"), says("assistant", "One, ")] };

const EXPECTED: Readonly<Record<ChatTemplateName, readonly [long: string, short: string, begun: string]>> = {
  llama3: [
    "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWho are you?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "<|start_header_id|>user<|end_header_id|>\n\nCount<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nOne, ",
  ],
  llama2: [
    "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello! </s><s>[INST] Who are you? [/INST]",
    "[INST] Hi [/INST]",
    "[INST] Count [/INST] One, ",
  ],
  mistral: [
    "[INST] Hi[/INST] Hello!</s>[INST] Be brief.\n\nWho are you?[/INST]",
    "[INST] Hi[/INST]",
    "[INST] Count[/INST] One, ",
  ],
  chatml: [
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\nCount<|im_end|>\n<|im_start|>assistant\nOne, ",
  ],
  gemma: [
    "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello!<end_of_turn>\n<start_of_turn>user\nWho are you?<end_of_turn>\n<start_of_turn>model\n",
    "<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
    "<start_of_turn>user\nCount<end_of_turn>\n<start_of_turn>model\nOne, ",
  ],
  phi3: [
    "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello!<|end|>\n<|user|>\nWho are you?<|end|>\n<|assistant|>\n",
    "<|user|>\nHi<|end|>\n<|assistant|>\n",
    "<|user|>\nCount<|end|>\n<|assistant|>\nOne, ",
  ],
  plain: [
    "System: Be brief.\n\nUser: Hi\n\nAssistant: Hello!\n\nUser: Who are you?\n\nAssistant:",
    "User: Hi\n\nAssistant:",
    "User: Count\n\nAssistant: One, ",
  ],
};

for (const name of CHAT_TEMPLATES) {
  test(`${name}: a conversation is written as the model was trained, without its first token`, () => {
    const [long, short, begun] = EXPECTED[name];
    assert.equal(writePrompt(LONG, name).prompt, long);
    assert.equal(writePrompt(SHORT, name).prompt, short);
    assert.equal(writePrompt(BEGUN, name).prompt, begun);
    for (const chat of [LONG, SHORT, BEGUN]) assert.deepEqual(writePrompt(chat, name).inexpressible, []);
    assert.ok(writePrompt(SHORT, name).stop.length > 0);
  });

  test(`${name}: nothing but instructions still asks for an answer`, () => {
    const { prompt } = writePrompt({ ...LONG, messages: [] }, name);
    assert.match(prompt, /Be brief\./);
    assert.ok(prompt.length > "Be brief.".length);
  });
}

test("where turns must alternate, those of one role become one, and the user begins", () => {
  const chat: ChatRequest = {
    ...EMPTY_CHAT,
    messages: [says("assistant", "Yes?"), says("user", "a"), says("system", "be kind"), says("user", "b")],
  };
  assert.equal(writePrompt(chat, "mistral").prompt, "[INST] [/INST] Yes?</s>[INST] a\n\nbe kind\n\nb[/INST]");
  assert.equal(
    writePrompt(chat, "chatml").prompt,
    "<|im_start|>assistant\nYes?<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>system\nbe kind<|im_end|>\n<|im_start|>user\nb<|im_end|>\n<|im_start|>assistant\n",
  );
});

test("parts of a message stand on lines of their own; thoughts and cache points are left out", () => {
  const parts: ChatPart[] = [
    { type: "text", text: "a" },
    { type: "cache-point", ttl: undefined },
    { type: "text", text: "b" },
  ];
  const chat: ChatRequest = {
    ...EMPTY_CHAT,
    messages: [
      { role: "user", parts },
      { role: "assistant", parts: [{ type: "reasoning", text: "hm", signature: "s" }] },
    ],
  };
  const { prompt, inexpressible } = writePrompt(chat, "phi3");
  assert.equal(prompt, "<|user|>\na\nb<|end|>\n<|assistant|>\n");
  assert.deepEqual(inexpressible, []);
});

test("documents of text are written out, with their names", () => {
  const chat: ChatRequest = {
    ...EMPTY_CHAT,
    messages: [
      {
        role: "user",
        parts: [
          { type: "document", source: { text: "alpha" }, format: "txt", name: "notes" },
          {
            type: "document",
            source: { base64: Buffer.from("β,1").toString("base64") },
            format: "csv",
            name: undefined,
          },
        ],
      },
    ],
  };
  const { prompt, inexpressible } = writePrompt(chat, "chatml");
  assert.equal(prompt, "<|im_start|>user\nnotes:\nalpha\nβ,1<|im_end|>\n<|im_start|>assistant\n");
  assert.deepEqual(inexpressible, []);
});

const PNG = { base64: "iVBORw0KGgo=" };
const REFUSED: readonly (readonly [what: string, chat: Partial<ChatRequest>, name: string])[] = [
  [
    "tools",
    { tools: [{ type: "tool", name: "f", description: undefined, schema: undefined, strict: undefined }] },
    "tools",
  ],
  ["a forced call", { toolChoice: "any" }, "tool_choice"],
  ["JSON", { output: { type: "json" } }, "response_format"],
  [
    "a schema",
    { output: { type: "json-schema", name: "n", description: undefined, schema: {}, strict: undefined } },
    "response_format",
  ],
  ["a call in the history", user({ type: "tool-call", id: "1", name: "f", input: "{}" }), "a tool call"],
  [
    "a result in the history",
    user({ type: "tool-result", id: "1", content: [], isError: false }),
    "a tool's result",
  ],
  ["an image", user({ type: "image", source: PNG, format: "png", name: undefined }), "an image"],
  [
    "a document that is no text",
    user({ type: "document", source: { base64: "JVBERi0xLjQ=" }, format: "pdf", name: "x" }),
    "a document",
  ],
  [
    "bytes that are no UTF-8",
    user({ type: "document", source: { base64: "/w==" }, format: "txt", name: "x" }),
    "a document",
  ],
  ["what only its dialect knows", user({ type: "opaque", name: "guardContent" }), "guardContent"],
];

for (const [what, chat, name] of REFUSED) {
  test(`${what} cannot be said, and not be left out`, () => {
    const { inexpressible } = writePrompt({ ...SHORT, ...chat }, "llama3");
    assert.deepEqual(
      inexpressible.map((each) => [each.name, each.droppable]),
      [[name, false]],
    );
  });
}

test("hints can be left out", () => {
  const chat = { ...SHORT, reasoningEffort: "low", serviceTier: "flex", cacheKey: "k" };
  const { inexpressible } = writePrompt(chat, "gemma");
  assert.deepEqual(
    inexpressible.map(({ name, droppable }) => [name, droppable]),
    [
      ["reasoning_effort", true],
      ["service_tier", true],
      ["prompt_cache_key", true],
    ],
  );
});

test("tools that none may be called are no loss", () => {
  const chat: ChatRequest = {
    ...SHORT,
    toolChoice: "none",
    tools: [{ type: "tool", name: "f", description: undefined, schema: undefined, strict: undefined }],
  };
  assert.deepEqual(writePrompt(chat, "llama3").inexpressible, []);
});

function user(part: ChatPart): Partial<ChatRequest> {
  return { messages: [{ role: "user", parts: [{ type: "text", text: "Hi" }, part] }] };
}
