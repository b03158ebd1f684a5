import type { ChatRequest, OtherParameter, OutputFormat } from "../../../core/chat.ts";
import {
  elementFields,
  optionalFields,
  optionalList,
  optionalText,
  parseText,
  refusal,
  requiredText,
  tellOthers,
  type Fields,
} from "../fields.ts";
import { isRequestObjectText } from "../json-text.ts";
import { BlockReader, readCachePoint } from "./read-blocks.ts";
import { readInference } from "./read-inference.ts";
import { readMessages } from "./read-messages.ts";
import { readModelFields } from "./read-model-fields.ts";
import { readToolChoice, readTools } from "./read-tools.ts";
import { blankText, refused } from "./refusals.ts";
import { unionMember } from "./union.ts";

const SYSTEM_KEYS = ["text", "guardContent", "cachePoint"];
/** What is read here, and requestMetadata, which is the gateway's business. */
const KNOWN: ReadonlySet<string> = new Set([
  "messages",
  "system",
  "inferenceConfig",
  "toolConfig",
  "additionalModelRequestFields",
  "outputConfig",
  "serviceTier",
  "requestMetadata",
  "performanceConfig",
  "additionalModelResponseFieldPaths",
  // In the address; some clients repeat it.
  "modelId",
]);

/**
 * A Converse request in no dialect. Refusals are worded as the service words them.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 *
 * @throws AppError invalid_request
 */
export function readConverse(body: Buffer): ChatRequest {
  const text = body.toString();
  const fields = parseText(text);
  const others: OtherParameter[] = [];
  const blocks = new BlockReader(text, others);
  const messages = readMessages(optionalList(fields, "messages", ""), blocks);
  if (messages.length === 0) throw refusal("", "messages", "at least one message");
  const toolConfig = optionalFields(fields, "toolConfig", "");
  if (blocks.hasTools && toolConfig === undefined)
    throw refused("The toolConfig field must be defined when using toolUse and toolResult content blocks");
  const tools = toolConfig === undefined ? [] : readTools(toolConfig, others);
  const model = readModelFields(optionalFields(fields, "additionalModelRequestFields", "") ?? {}, others);
  const outputConfig = optionalFields(fields, "outputConfig", "") ?? {};
  const tier = optionalFields(fields, "serviceTier", "");
  tellRest(fields, others);
  return {
    system: readSystem(optionalList(fields, "system", "")),
    messages,
    tools,
    toolChoice: toolConfig === undefined ? undefined : readToolChoice(toolConfig, tools),
    parallelToolCalls: model.parallelToolCalls,
    ...readInference(optionalFields(fields, "inferenceConfig", "") ?? {}, others),
    output: readOutput(optionalFields(outputConfig, "textFormat", "outputConfig")),
    reasoningEffort: optionalText(outputConfig, "effort", "outputConfig") ?? model.reasoningEffort,
    topK: model.topK,
    thinkingTokens: model.thinkingTokens,
    serviceTier: tier === undefined ? undefined : requiredText(tier, "type", "serviceTier"),
    cacheKey: undefined,
    others,
  };
}

function tellRest(fields: Fields, others: OtherParameter[]): void {
  tellOthers(fields, KNOWN, "", others);
  const performance = optionalFields(fields, "performanceConfig", "");
  // The default, written out.
  if (performance !== undefined && (performance["latency"] ?? "standard") !== "standard")
    others.push({ name: "performanceConfig", value: performance });
  const paths = optionalList(fields, "additionalModelResponseFieldPaths", "");
  if (paths.length > 0) others.push({ name: "additionalModelResponseFieldPaths", value: paths });
}

function readSystem(list: readonly unknown[]): ChatRequest["system"] {
  return list.map((block, index) => {
    const place = `system.${index}`;
    const { key, value } = unionMember(block, place, "SystemContentBlock", SYSTEM_KEYS);
    if (key === "cachePoint") return readCachePoint(value, `${place}.cachePoint`);
    if (key === "guardContent") return { type: "opaque", name: `${place}.guardContent` };
    if (typeof value !== "string") throw refusal(place, "text", "a text");
    if (!/\S/.test(value)) throw blankText("SystemContentBlock", place);
    return { type: "text", text: value };
  });
}

/** The service holds a reply to the schema to the letter, and its schemas are texts. */
function readOutput(format: Fields | undefined): OutputFormat | undefined {
  if (format === undefined) return undefined;
  const place = "outputConfig.textFormat.structure";
  const type = requiredText(format, "type", "outputConfig.textFormat");
  if (type !== "json_schema") throw refusal("", "outputConfig.textFormat.type", "json_schema");
  const { value } = unionMember(format["structure"], place, "OutputFormatStructure", ["jsonSchema"]);
  const at = `${place}.jsonSchema`;
  const fields = elementFields(value, at);
  return {
    type: "json-schema",
    name: optionalText(fields, "name", at) ?? "output",
    description: optionalText(fields, "description", at),
    schema: schemaOf(requiredText(fields, "schema", at), at),
    strict: true,
  };
}

function schemaOf(text: string, place: string): Fields {
  if (!isRequestObjectText(text)) throw refusal(place, "schema", "the text of a JSON schema");
  return JSON.parse(text) as Fields;
}
