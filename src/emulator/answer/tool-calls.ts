import { lastUserText, type ConverseRequest, type ToolSpec } from "../converse-request.ts";
import { isObject, type Json } from "../json.ts";
import type { AnswerBlock } from "./answer.ts";
import { instanceOf } from "./instance.ts";
import type { Random } from "./random.ts";

/**
 * The tools that are called: with `any` or `tool` always; with `auto` those that the user's last text names, and with a
 * text that begins with "call " at least the first one. After tool results `auto` is answered in words.
 */
export function calledTools(request: ConverseRequest): readonly ToolSpec[] {
  const specs = (request.toolConfig?.tools ?? []).flatMap(({ toolSpec }) => toolSpec ?? []);
  const choice = request.toolConfig?.toolChoice;
  const wanted = choice?.tool?.name;
  if (wanted !== undefined) return specs.filter(({ name }) => name === wanted);
  const text = lastUserText(request);
  const named = specs
    .map((spec) => ({ spec, at: placeOf(spec.name, text) }))
    .filter(({ at }) => at !== -1)
    .sort((a, b) => a.at - b.at)
    .map(({ spec }) => spec);
  const parallel = mayCallSeveral(request) ? named : named.slice(0, 1);
  if (choice?.any !== undefined) return parallel.length > 0 ? parallel : specs.slice(0, 1);
  if (answersToolResults(request)) return [];
  return parallel.length === 0 && /^call /i.test(text.trimStart()) ? specs.slice(0, 1) : parallel;
}

/** How ids of calls look: Converse's, those of Claude's own form and of OpenAI's, and Kimi's. */
export type ToolIds = "tooluse" | "toolu" | "call" | "functions";

export function toolCall(spec: ToolSpec, index: number, ids: ToolIds, random: Random): AnswerBlock {
  const { name, inputSchema } = spec;
  // The id first: what is random after it depends on it.
  const call = callBlock({ name, input: {}, index }, ids, random);
  return { ...call, input: instanceOf(inputSchema.json ?? {}, random) };
}

/** @param index  among the calls of the answer */
export function callBlock(
  { name, input, index }: { readonly name: string; readonly input: Json; readonly index: number },
  ids: ToolIds,
  random: Random,
): Extract<AnswerBlock, { kind: "tool" }> {
  const id = {
    tooluse: () => `tooluse_${random.letters(22)}`,
    toolu: () => `toolu_bdrk_${random.letters(24)}`,
    call: () => `call_${random.letters(24)}`,
    functions: () => `functions.${name}:${index}`,
  }[ids]();
  return { kind: "tool", id, name, input };
}

const SUM = /(-?\d{1,9}(?:\.\d{1,6})?)\s*([-+*/×])\s*(\d{1,9}(?:\.\d{1,6})?)/;

/** Nova's code interpreter, which the service runs itself: used where the user's text holds a sum. */
export function interpretedCode(request: ConverseRequest, random: Random): readonly AnswerBlock[] {
  const name = "nova_code_interpreter";
  const tools = request.toolConfig?.tools ?? [];
  const sum = SUM.exec(lastUserText(request));
  if (sum === null || !tools.some(({ systemTool }) => systemTool?.name === name)) return [];
  const id = `tooluse_${random.letters(22)}`;
  const snippet = `${sum[1]} ${sum[2] === "×" ? "*" : sum[2]} ${sum[3]}`;
  return [
    { kind: "tool", id, name, input: { snippet }, server: true },
    {
      kind: "server-result",
      id,
      type: "nova_code_interpreter_result",
      json: { stdOut: String(result(sum)), stdErr: "", exitCode: 0, isError: false },
    },
  ];
}

function result([, left, sign, right]: RegExpExecArray): number {
  const [a, b] = [Number(left), Number(right)];
  return sign === "+" ? a + b : sign === "-" ? a - b : sign === "/" ? a / b : a * b;
}

function answersToolResults(request: ConverseRequest): boolean {
  return request.messages?.at(-1)?.content.some(({ toolResult }) => toolResult !== undefined) ?? false;
}

function mayCallSeveral({ additionalModelRequestFields: fields }: ConverseRequest): boolean {
  const choice: Json | undefined = isObject(fields) ? fields["tool_choice"] : undefined;
  return !(isObject(choice) && choice["disable_parallel_tool_use"] === true);
}

function placeOf(name: string, text: string): number {
  return text.search(new RegExp(`(?<![\\w-])${name.replace(/[-\\^$*+?.()|[\]{}]/g, "\\$&")}(?![\\w-])`));
}
