import type { ClaudeModel } from "../../catalog/claude-models.ts";

// Not tests: what makes a body of Messages legal, written from the reference and not from the code.

// oxlint-disable-next-line typescript/no-explicit-any -- bodies are looked at in all directions
export type Body = any;
type Check = (isRight: boolean, place: string, what: string) => void;

/** https://platform.claude.com/docs/en/api/messages/create */
const MEMBERS = new Set([
  "model",
  "max_tokens",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "thinking",
  "output_config",
  "service_tier",
]);
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const ID = /^[a-zA-Z0-9_-]+$/;
const PLACES: Readonly<Record<string, readonly string[]>> = {
  user: ["text", "image", "document", "tool_result"],
  assistant: ["text", "thinking", "redacted_thinking", "tool_use"],
  system: ["text"],
};

/** What is illegal in a body for a model. */
export function faultsOf(body: Body, model: ClaudeModel): string[] {
  const faults: string[] = [];
  const check: Check = (isRight, place, what) => void (isRight || faults.push(`${place}: ${what}`));
  for (const key of Object.keys(body)) check(MEMBERS.has(key), "body", `unknown member ${key}`);
  check(Number.isInteger(body.max_tokens) && body.max_tokens >= 1, "max_tokens", String(body.max_tokens));
  for (const [at, block] of (body.system ?? []).entries()) checkBlock(block, "system", `system.${at}`, check);
  check(body.system === undefined || body.system.length > 0, "system", "empty");
  checkTurns(body, model, check);
  checkTools(body, model, check);
  checkSettings(body, model, check);
  checkMarks(body, check);
  return faults;
}

function checkTurns({ messages }: Body, model: ClaudeModel, check: Check): void {
  const ids = new Set<string>();
  check(messages.length > 0, "messages", "none");
  check(messages[0]?.role === "user", "messages.0", "is not the user's");
  const spoken = messages.filter(({ role }: Body) => role !== "system");
  for (const [at, { role }] of spoken.entries())
    check(role === (at % 2 === 0 ? "user" : "assistant"), `messages.${at}`, "roles do not alternate");
  check(model.midSystem || spoken.length === messages.length, "messages", "system");
  check(model.prefill || messages.at(-1)?.role !== "assistant", "messages", "prefill");
  let open: string[] = [];
  for (const [at, { role, content }] of messages.entries()) {
    const place = `messages.${at}`;
    check(content.length > 0, place, "empty");
    const results = content.filter(({ type }: Body) => type === "tool_result");
    const answered = results.map((block: Body) => block.tool_use_id);
    check(
      JSON.stringify(answered.toSorted()) === JSON.stringify(open.toSorted()),
      place,
      `results ${answered.join()} for calls ${open.join()}`,
    );
    check(
      content.slice(0, results.length).every(({ type }: Body) => type === "tool_result"),
      place,
      "results are not first",
    );
    const calls = content.filter(({ type }: Body) => type === "tool_use");
    open = calls.map(({ id }: Body) => id);
    for (const id of open) {
      check(!ids.has(id), place, `${id} twice`);
      ids.add(id);
    }
    for (const [index, block] of content.entries()) checkBlock(block, role, `${place}.${index}`, check);
  }
  check(open.length === 0, "messages", "ends with calls");
}

function checkBlock(block: Body, role: string, place: string, check: Check): void {
  check(PLACES[role]?.includes(block.type) === true, place, `${block.type} of ${role}`);
  switch (block.type) {
    case "text":
      return check(/\S/.test(block.text), place, "blank text");
    case "thinking":
      return check(block.signature !== "" && typeof block.thinking === "string", place, "unsigned");
    case "redacted_thinking":
      return check(block.data !== "", place, "empty");
    case "tool_use":
      check(ID.test(block.id) && NAME.test(block.name), place, `${block.id} ${block.name}`);
      return check(isObject(block.input), place, "input is no object");
    case "tool_result":
      check(ID.test(block.tool_use_id), place, block.tool_use_id);
      for (const [at, inner] of block.content.entries()) {
        check(["text", "image", "document"].includes(inner.type), `${place}.${at}`, inner.type);
        if (inner.type !== "tool_result") checkBlock(inner, "user", `${place}.${at}`, check);
      }
      return;
    default:
      return checkSource(block, place, check);
  }
}

function checkSource({ type, source }: Body, place: string, check: Check): void {
  const types =
    type === "image" ? ["image/jpeg", "image/png", "image/gif", "image/webp"] : ["application/pdf"];
  if (source.type === "base64")
    return check(types.includes(source.media_type) && source.data !== "", place, source.media_type);
  if (source.type === "url") return check(/^https?:/.test(source.url), place, source.url);
  check(type === "document" && source.type === "text" && /\S/.test(source.data), place, source.type);
}

function checkTools({ tools, tool_choice: choice, messages }: Body, model: ClaudeModel, check: Check): void {
  const names = (tools ?? []).map(({ name }: Body) => name);
  check(tools === undefined || tools.length > 0, "tools", "empty");
  // Two of one name are refused by the losses, and the body is not sent.
  for (const { name, input_schema: schema, strict } of tools ?? []) {
    check(NAME.test(name), "tools", name);
    check(isObject(schema) && schema.type !== undefined, `tools ${name}`, "no schema");
    check(strict === undefined || model.strictTools, `tools ${name}`, "strict");
  }
  const hasCalls = messages.some(({ content }: Body) =>
    content.some(({ type }: Body) => type === "tool_use"),
  );
  check(!hasCalls || names.length > 0, "tools", "none where there are calls");
  if (choice === undefined) return;
  check(names.length > 0, "tool_choice", "without tools");
  check(["auto", "any", "tool", "none"].includes(choice.type), "tool_choice", choice.type);
  check(choice.type !== "tool" || names.includes(choice.name), "tool_choice", `${choice.name}`);
  check(choice.type !== "any" || model.toolChoice.any, "tool_choice", "any");
  check(choice.type !== "tool" || model.toolChoice.tool, "tool_choice", "tool");
}

function checkSettings(body: Body, model: ClaudeModel, check: Check): void {
  const { thinking, temperature, top_p: topP, top_k: topK, tool_choice: choice } = body;
  for (const [name, value] of Object.entries({ temperature, topP }))
    check(value === undefined || ((value as number) >= 0 && (value as number) <= 1), name, String(value));
  check(
    temperature === undefined || topP === undefined || model.sampling.temperatureWithTopP,
    "sampling",
    "both",
  );
  const isFree = model.sampling.temperature === "yes";
  check(isFree || [temperature, topP, topK].every((one) => one === undefined), "sampling", "deprecated");
  const thinks = thinking !== undefined && thinking.type !== "disabled";
  check(!thinks || [temperature, topP, topK].every((one) => one === undefined), "sampling", "and thinks");
  check(!thinks || !["any", "tool"].includes(choice?.type), "thinking", "and a forced tool");
  if (thinking?.type === "enabled") {
    check(model.reasoning.kind === "claude-budget", "thinking", "budget");
    check(
      thinking.budget_tokens >= 1_024 && thinking.budget_tokens < body.max_tokens,
      "thinking",
      `${thinking.budget_tokens} of ${body.max_tokens}`,
    );
  }
  if (thinking?.type === "adaptive")
    check(model.reasoning.kind === "claude-adaptive", "thinking", "adaptive");
  const effort = body.output_config?.effort;
  check(effort === undefined || model.reasoning.efforts.includes(effort), "effort", effort);
  check(body.output_config?.format === undefined || model.jsonSchema === "native", "output_config", "format");
  check(
    (body.stop_sequences ?? []).every((text: string) => /\S/.test(text)),
    "stop_sequences",
    "blank",
  );
}

/** https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
function checkMarks({ tools, system, messages }: Body, check: Check): void {
  const blocks = [...(tools ?? []), ...(system ?? []), ...messages.flatMap(({ content }: Body) => content)];
  const marked = blocks.filter(({ cache_control: mark }) => mark !== undefined);
  check(marked.length <= 4, "cache_control", `${marked.length} marks`);
  check(
    marked.every(({ type }) => type !== "thinking" && type !== "redacted_thinking"),
    "cache_control",
    "on a thought",
  );
  const times = marked.map(({ cache_control: mark }) => mark.ttl ?? "5m");
  const isOrdered = !times.slice(times.indexOf("5m")).includes("1h") || !times.includes("5m");
  check(isOrdered, "cache_control", `times ${times.join()}`);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
