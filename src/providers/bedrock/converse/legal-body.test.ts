import type { BedrockModel } from "../../../catalog/bedrock-models.ts";
import type { Body } from "./support.test.ts";

// Not tests: what makes a body of Converse legal, written from the reference and not from the code.

const FORMATS: Readonly<Record<string, readonly string[]>> = {
  image: ["png", "jpeg", "gif", "webp"],
  document: ["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"],
  video: ["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"],
  audio: "mp3 opus wav aac flac mp4 ogg mkv mka x-aac m4a mpeg mpga pcm webm".split(" "),
};
const CAPABILITIES: Readonly<Record<string, keyof BedrockModel>> = {
  image: "images",
  document: "documents",
  video: "video",
  audio: "audio",
};
const MEMBERS = new Set([
  "messages",
  "system",
  "inferenceConfig",
  "toolConfig",
  "additionalModelRequestFields",
  "outputConfig",
  "serviceTier",
  "requestMetadata",
  "performanceConfig",
]);
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const CALL_ID = /^[a-zA-Z0-9_.:-]{1,64}$/;
const METADATA = /^[a-zA-Z0-9\s:_@$#=/+,\-.]*$/;

/** What is illegal in a body; of a model, where one is given. */
export function faultsOf(body: Body, model?: BedrockModel): string[] {
  const faults: string[] = [];
  const check: Check = (isRight, place, what) => void (isRight || faults.push(`${place}: ${what}`));
  for (const key of Object.keys(body)) check(MEMBERS.has(key), "body", `unknown member ${key}`);
  checkSystem(body, model, check);
  checkTurns(body, model, check);
  checkToolConfig(body, model, check);
  checkInference(body, model, check);
  checkOutput(body, check);
  checkCachePoints(body, model, check);
  for (const [key, value] of Object.entries<string>(body.requestMetadata ?? {}))
    check(
      key.length >= 1 && key.length <= 256 && value.length <= 256 && METADATA.test(key + value),
      "metadata",
      key,
    );
  check(Object.keys(body.requestMetadata ?? {}).length <= 16, "metadata", "too many");
  check(
    body.requestMetadata === undefined || Object.keys(body.requestMetadata).length > 0,
    "metadata",
    "none",
  );
  return faults;
}

type Check = (isRight: boolean, place: string, what: string) => void;

function checkSystem({ system }: Body, model: BedrockModel | undefined, check: Check): void {
  for (const [at, block] of (system ?? []).entries()) {
    const [kind, ...more] = Object.keys(block);
    check(more.length === 0 && (kind === "text" || kind === "cachePoint"), `system.${at}`, `kind ${kind}`);
    if (kind === "text") check(/\S/.test(block.text), `system.${at}`, "blank");
  }
  check(model?.system !== false || system === undefined, "system", "not known to the model");
}

function checkTurns(body: Body, model: BedrockModel | undefined, check: Check): void {
  const { messages } = body;
  const names = new Set<string>();
  const ids = new Set<string>();
  check(messages.length > 0, "messages", "none");
  check(messages[0]?.role === "user", "messages.0", "is not the user's");
  const spoken = messages.filter(({ role }: Body) => role !== "system");
  for (const [at, { role }] of spoken.entries())
    check(role === (at % 2 === 0 ? "user" : "assistant"), `messages.${at}`, "roles do not alternate");
  check(model === undefined || model.midSystem || spoken.length === messages.length, "messages", "system");
  check(model === undefined || model.prefill || messages.at(-1).role !== "assistant", "messages", "prefill");
  let open: string[] = [];
  for (const [at, { role, content }] of messages.entries()) {
    const place = `messages.${at}.content`;
    check(content.length > 0, place, "empty");
    const results = content
      .filter((block: Body) => block.toolResult)
      .map((block: Body) => block.toolResult.toolUseId);
    check(
      JSON.stringify(results.toSorted()) === JSON.stringify(open.toSorted()),
      place,
      `results ${results.join()} for calls ${open.join()}`,
    );
    check(
      results.length === 0 || firstAre(content, "toolResult", results.length),
      place,
      "results are not first",
    );
    open = content.filter((block: Body) => block.toolUse).map((block: Body) => block.toolUse.toolUseId);
    for (const [index, block] of content.entries())
      checkBlock(block, role, `${place}.${index}`, { names, ids, model, check });
    checkCompany(content, place, model, check);
  }
  check(open.length === 0, "messages", "ends with calls");
}

function firstAre(content: Body[], kind: string, count: number): boolean {
  const others = content.filter((block) => !block.cachePoint).slice(0, count);
  return others.every((block) => block[kind] !== undefined);
}

function checkCompany(content: Body[], place: string, model: BedrockModel | undefined, check: Check): void {
  const kinds = new Set(content.map((block) => Object.keys(block)[0] as string));
  check(!kinds.has("document") || kinds.has("text"), place, "a document without a text");
  if (model === undefined || !kinds.has("toolResult")) return;
  const others = [...kinds].filter((kind) => kind !== "toolResult" && kind !== "cachePoint");
  const { beside } = model.toolResults;
  check(
    others.every((kind) => (beside as readonly string[]).includes(kind)),
    place,
    `beside results: ${others.join()}`,
  );
}

interface Context {
  readonly names: Set<string>;
  readonly ids: Set<string>;
  readonly model: BedrockModel | undefined;
  readonly check: Check;
}

function checkBlock(block: Body, role: string, place: string, context: Context): void {
  const { ids, model, check } = context;
  const [kind = "", ...more] = Object.keys(block);
  check(more.length === 0, place, "several members");
  const roles: Readonly<Record<string, string>> = {
    toolUse: "assistant",
    reasoningContent: "assistant",
    toolResult: "user",
    image: "user",
    document: "user",
    video: "user",
    audio: "user",
  };
  check(roles[kind] === undefined || roles[kind] === role, place, `${kind} of the ${role}`);
  if (kind === "text") check(/\S/.test(block.text), place, "blank");
  else if (kind === "toolUse") {
    const { toolUseId, name, input } = block.toolUse;
    check(CALL_ID.test(toolUseId) && !ids.has(toolUseId), place, `id ${toolUseId}`);
    ids.add(toolUseId);
    check(TOOL_NAME.test(name), place, `name ${name}`);
    check(typeof input === "object" && input !== null && !Array.isArray(input), place, "input is no object");
    check(model?.toolIds !== "nine" || /^[a-zA-Z0-9]{9}$/.test(toolUseId), place, `id ${toolUseId}`);
  } else if (kind === "toolResult") checkResult(block.toolResult, place, context);
  else if (kind === "reasoningContent") {
    const signature: unknown =
      block.reasoningContent.reasoningText?.signature ?? block.reasoningContent.redactedContent;
    check(typeof signature === "string" && signature !== "", place, "an unsigned thought");
    check(model?.acceptsReasoningBack !== false, place, "a thought that the model does not take");
  } else if (FORMATS[kind] !== undefined) checkMedia(block, kind, place, context);
  else check(kind === "cachePoint", place, `kind ${kind}`);
}

function checkResult({ content, status }: Body, place: string, context: Context): void {
  const { model, check } = context;
  check(content.length > 0, place, "a result without content");
  check(status === undefined || model?.toolResults.status !== false, place, "status");
  for (const [index, block] of content.entries()) {
    const [kind = "", ...more] = Object.keys(block);
    const at = `${place}.${index}`;
    check(more.length === 0, at, "several members");
    if (kind === "text") check(/\S/.test(block.text), at, "blank");
    else if (kind === "json") check(typeof block.json === "object" && !Array.isArray(block.json), at, "json");
    else if (kind === "image" || kind === "document") {
      const fits = kind === "image" ? model?.toolResults.images : model?.toolResults.documents !== "none";
      check(fits !== false, at, `${kind} in a result`);
      checkMedia(block, kind, at, context);
    } else check(false, at, `kind ${kind} in a result`);
  }
}

function checkMedia(block: Body, kind: string, place: string, { names, model, check }: Context): void {
  const { format, name, source } = block[kind];
  check(FORMATS[kind]?.includes(format) ?? false, place, `format ${format}`);
  check(model === undefined || model[CAPABILITIES[kind] as "images"], place, `${kind} for this model`);
  check(source.bytes !== "" && (source.bytes ?? source.s3Location?.uri) !== undefined, place, "no source");
  check(source.s3Location === undefined || model?.s3Location !== false, place, "s3");
  if (kind !== "document") return;
  check(/^[a-zA-Z0-9 ()[\]-]{1,200}$/.test(name) && !/ {2}/.test(name), place, `name ${name}`);
  check(!names.has(name), place, `name ${name} twice`);
  names.add(name);
}

function checkToolConfig(
  { toolConfig, messages }: Body,
  model: BedrockModel | undefined,
  check: Check,
): void {
  const isCalling = messages.some(({ content }: Body) =>
    content.some((block: Body) => block.toolUse ?? block.toolResult),
  );
  check(!isCalling || toolConfig !== undefined, "toolConfig", "is missing");
  if (toolConfig === undefined) return;
  check(model?.tools !== false, "toolConfig", "not known to the model");
  const specs = toolConfig.tools.flatMap((tool: Body) => tool.toolSpec ?? []);
  check(toolConfig.tools.length > 0, "toolConfig", "no tools");
  check(new Set(specs.map(({ name }: Body) => name)).size === specs.length, "toolConfig", "a name twice");
  for (const { name, description, inputSchema, strict } of specs) {
    check(TOOL_NAME.test(name), "toolConfig", `name ${name}`);
    check(description === undefined || /\S/.test(description), "toolConfig", "blank description");
    check(inputSchema.json.type === "object", "toolConfig", `schema of ${inputSchema.json.type}`);
    check(strict !== true || model?.strictTools !== false, "toolConfig", "strict");
  }
  const choices = Object.entries<Body>(toolConfig.toolChoice ?? {});
  check(choices.length <= 1, "toolChoice", "several");
  for (const [kind, value] of choices) {
    check(["auto", "any", "tool"].includes(kind), "toolChoice", kind);
    if (kind === "tool")
      check(
        specs.some(({ name }: Body) => name === value.name),
        "toolChoice",
        value.name,
      );
    if (kind !== "auto")
      check(model?.toolChoice[kind as "any"] !== false, "toolChoice", `${kind} for this model`);
  }
}

function checkInference(body: Body, model: BedrockModel | undefined, check: Check): void {
  const { maxTokens, temperature, topP, stopSequences } = body.inferenceConfig ?? {};
  check(
    maxTokens === undefined || (Number.isInteger(maxTokens) && maxTokens >= 1),
    "maxTokens",
    `${maxTokens}`,
  );
  for (const value of [temperature, topP])
    check(value === undefined || (value >= 0 && value <= 1), "sampling", value);
  for (const text of stopSequences ?? []) check(/\S/.test(text), "stopSequences", "blank");
  check((stopSequences?.length ?? 0) <= 2_500, "stopSequences", "too many");
  const thinking = body.additionalModelRequestFields?.thinking;
  if (thinking?.type === "enabled") {
    check(thinking.budget_tokens >= 1_024, "thinking", "too small a budget");
    check(maxTokens === undefined || thinking.budget_tokens < maxTokens, "thinking", "no room");
  }
  const choice = body.toolConfig?.toolChoice ?? {};
  const claudeChoice = body.additionalModelRequestFields?.tool_choice?.type ?? "auto";
  const isForced = "any" in choice || "tool" in choice || claudeChoice !== "auto";
  if (thinking !== undefined && thinking.type !== "disabled") {
    check(temperature === undefined && topP === undefined, "thinking", "with sampling");
    check(!isForced, "thinking", "with a forced tool");
  }
  if (model === undefined) return;
  check(temperature === undefined || model.sampling.temperature === "yes", "temperature", "deprecated");
  check(topP === undefined || model.sampling.topP === "yes", "topP", "deprecated");
  const isBoth = temperature !== undefined && topP !== undefined;
  check(!isBoth || model.sampling.temperatureWithTopP, "sampling", "both");
  check(stopSequences === undefined || model.stopSequences, "stopSequences", "not known to the model");
}

function checkOutput({ outputConfig }: Body, check: Check): void {
  const textFormat = outputConfig?.textFormat;
  if (textFormat === undefined) return;
  check(textFormat.type === "json_schema", "outputConfig", textFormat.type);
  const { schema } = textFormat.structure.jsonSchema;
  check(typeof schema === "string", "outputConfig", "the schema is no text");
  check(isClosed(JSON.parse(schema)), "outputConfig", "an object that is not closed");
}

function isClosed(schema: Body): boolean {
  if (typeof schema !== "object" || schema === null) return true;
  const isRight = schema.type !== "object" || schema.additionalProperties === false;
  return isRight && Object.values(schema).every(isClosed);
}

function checkCachePoints(body: Body, model: BedrockModel | undefined, check: Check): void {
  const lists = [
    body.toolConfig?.tools ?? [],
    body.system ?? [],
    ...body.messages.map(({ content }: Body) => content),
  ];
  let mayLast = true;
  let count = 0;
  for (const list of lists) {
    for (const [at, { cachePoint }] of list.entries()) {
      if (cachePoint === undefined) continue;
      const before = list[at - 1];
      const mayFollow = before !== undefined && !before.reasoningContent && !before.cachePoint;
      check(mayFollow, "cachePoint", "out of place");
      check(cachePoint.ttl !== "1h" || mayLast, "cachePoint", "1h after 5m");
      if (cachePoint.ttl !== "1h") mayLast = false;
      check(cachePoint.ttl !== "1h" || model?.cache?.ttl1h !== false, "cachePoint", "1h for this model");
      count++;
    }
  }
  check(count <= 4, "cachePoint", "too many");
  check(model === undefined || model.cache !== undefined || count === 0, "cachePoint", "for this model");
}
