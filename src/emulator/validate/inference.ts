import { inputTokensOf, segmentsOf } from "../answer/prompt.ts";
import { firstSaid, type Rule } from "./rule.ts";

/** Bounds that depend on the model, and settings that Bedrock reads itself. */
export const INFERENCE_RULES: readonly Rule[] = [
  ({ request, resolved: { model } }) => {
    const most = request.inferenceConfig?.maxTokens ?? 0;
    return most > model.maxOutputTokens
      ? `The maximum tokens you requested exceeds the model limit of ${model.maxOutputTokens}. Try again with a maximum tokens value that is lower than ${model.maxOutputTokens}.`
      : undefined;
  },
  ({ request, resolved: { model } }) => {
    const tokens = inputTokensOf(segmentsOf(request));
    if (tokens <= model.contextTokens) return undefined;
    return model.body === "anthropic"
      ? `The model returned the following errors: prompt is too long: ${tokens} tokens > ${model.contextTokens} maximum`
      : "Input is too long for requested model.";
  },
  ({ request: { additionalModelResponseFieldPaths: paths = [] } }) =>
    firstSaid(paths, (path) =>
      path.startsWith("/")
        ? undefined
        : `The additionalModelResponseFieldPaths value ${path} is not a valid JSON Pointer. Update the value and try again.`,
    ),
  ({ request: { additionalModelRequestFields: fields } }) =>
    fields === undefined || fields === null || (typeof fields === "object" && !Array.isArray(fields))
      ? undefined
      : "The format of the additionalModelRequestFields field is invalid. Provide a json object for the field and try again.",
  ({ request: { guardrailConfig } }) => {
    if (guardrailConfig === undefined) return undefined;
    const { guardrailIdentifier: id = "", guardrailVersion: version = "" } = guardrailConfig;
    return (id === "") === (version === "")
      ? undefined
      : "The guardrailIdentifier and guardrailVersion fields must be used together.";
  },
];
