import type { BedrockModel } from "../../catalog/bedrock-models.ts";
import { memberValue, scanTrusted } from "../../core/json-scan.ts";
import { applySplices, editObject } from "../../core/splice.ts";
import type { WireRequest } from "../../core/wire.ts";
import type { UpstreamCall } from "../provider.ts";
import type { Unsigned } from "../aws/auth.ts";
import { cachePointEdits } from "./cache-point-edits.ts";
import { headerWithLabels, withLabels } from "./labels.ts";

const METADATA_HEADER = "x-amzn-bedrock-request-metadata";

/** How InvokeModel bodies name their limit of output, by whose body it is. */
const OUTPUT_CAPS: Readonly<Record<string, readonly [string, string?]>> = {
  anthropic: ["max_tokens"],
  mistral: ["max_tokens"],
  openai: ["max_completion_tokens"],
  llama: ["max_gen_len"],
  nova: ["inferenceConfig", "maxTokens"],
};

/** Whether an output cap has a place in a body of InvokeModel. */
export function capsInvoke(family: string | undefined): boolean {
  return OUTPUT_CAPS[family ?? ""] !== undefined;
}

/** The client's own limit of output in a body of InvokeModel; other models' names for it limit nothing. */
export function limitInvoke({ bytes, members }: WireRequest, family: string | undefined): number | undefined {
  const [outer, inner] = OUTPUT_CAPS[family ?? ""] ?? [];
  const member = members.find(({ key }) => key === outer);
  const value = member === undefined ? undefined : memberValue(bytes, member);
  const limit =
    inner === undefined ? value : (value as Readonly<Record<string, unknown>> | null | undefined)?.[inner];
  return Number.isSafeInteger(limit) && (limit as number) >= 1 ? (limit as number) : undefined;
}

/** The path of an operation; the whole id is encoded, an ARN's slashes too. */
export function operationPath(prefix: string, model: string, operation: string): string {
  return `${prefix}/model/${encodeURIComponent(model)}/${operation}`;
}

/** A request in Bedrock's own dialect as it goes on: the client's bytes but for metadata and the cap. */
export function passedRequest(
  call: UpstreamCall,
  model: BedrockModel,
  prefix: string,
  canonical: string,
  isLabelled: boolean,
): Unsigned {
  const { request } = call;
  switch (request.operation) {
    case "chat":
      return {
        method: "POST",
        path: operationPath(prefix, call.model, request.stream ? "converse-stream" : "converse"),
        headers: headersFor(request, request.stream),
        body: converseBody(call, model, isLabelled),
      };
    case "count-tokens":
      // The service counts for base models and not for profiles.
      return {
        method: "POST",
        path: operationPath(prefix, canonical, "count-tokens"),
        headers: headersFor(request, false),
        body: request.bytes,
      };
    default:
      return {
        method: "POST",
        path: operationPath(prefix, call.model, request.stream ? "invoke-with-response-stream" : "invoke"),
        headers: invokeHeaders(call, isLabelled),
        body: cappedBody(call, OUTPUT_CAPS[model.apis.invokeBody ?? ""]),
      };
  }
}

function headersFor(request: WireRequest, stream: boolean): Record<string, string> {
  return {
    "content-type": "application/json",
    accept: stream ? "application/vnd.amazon.eventstream" : "application/json",
    ...request.headers,
  };
}

function invokeHeaders(call: UpstreamCall, isLabelled: boolean): Record<string, string> {
  const headers = headersFor(call.request, false);
  if (isLabelled) headers[METADATA_HEADER] = headerWithLabels(headers[METADATA_HEADER], call.labels);
  return headers;
}

function converseBody(call: UpstreamCall, model: BedrockModel, isLabelled: boolean): Buffer {
  const { request, outputCap } = call;
  const edits = new Map(request.wordEdits);
  if (call.autoCache)
    for (const [name, json] of cachePointEdits(request.bytes, model, (key) => textOf(request, key)))
      if (!edits.has(name)) edits.set(name, json);
  if (isLabelled) {
    const own = edits.has("requestMetadata")
      ? edits.get("requestMetadata")
      : textOf(request, "requestMetadata");
    edits.set("requestMetadata", withLabels(own, call.labels));
  }
  if (outputCap !== undefined)
    edits.set("inferenceConfig", withMember(request, "inferenceConfig", "maxTokens", outputCap));
  return edited(request, edits);
}

function cappedBody(call: UpstreamCall, name: readonly [string, string?] | undefined): Buffer {
  const { request, outputCap } = call;
  const edits = new Map(request.wordEdits);
  if (outputCap === undefined || name === undefined) return edited(request, edits);
  const [outer, inner] = name;
  const value = inner === undefined ? String(outputCap) : withMember(request, outer, inner, outputCap);
  return edited(request, edits.set(outer, value));
}

function edited(request: WireRequest, edits: ReadonlyMap<string, string | undefined>): Buffer {
  if (edits.size === 0) return request.bytes;
  return applySplices(request.bytes, editObject(request.members, request.inside, edits));
}

/** An object of the body with one member set and the rest as it is. */
function withMember(request: WireRequest, outer: string, inner: string, value: number): string {
  const text = textOf(request, outer);
  if (text === undefined) return JSON.stringify({ [inner]: value });
  const bytes = Buffer.from(text);
  return applySplices(bytes, editObject(scanTrusted(bytes), 1, new Map([[inner, String(value)]]))).toString();
}

function textOf(request: WireRequest, key: string): string | undefined {
  const member = request.members.find((one) => one.key === key);
  if (member === undefined || memberValue(request.bytes, member) === null) return undefined;
  return request.bytes.toString("utf8", member.start, member.end);
}
