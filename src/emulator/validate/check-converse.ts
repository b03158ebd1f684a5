import { FROM_MODEL, ServiceError, invalid } from "../service-error.ts";
import { CACHE_POINT_RULES } from "./cache-points.ts";
import { DOCUMENT_RULES } from "./documents.ts";
import { INFERENCE_RULES } from "./inference.ts";
import { MEDIA_RULES } from "./media.ts";
import { MODEL_RULES } from "./model-front.ts";
import { OUTPUT_RULES } from "./output-schema.ts";
import { firstOf, type Checked, type Rule } from "./rule.ts";
import { SUPPORT_RULES } from "./support.ts";
import { TOOL_RULES } from "./tools.ts";
import { TURN_RULES } from "./turns.ts";

/** In the order in which they are asked. */
const SERVICE_RULES: readonly Rule[] = [
  ...SUPPORT_RULES,
  ...TURN_RULES,
  ...TOOL_RULES,
  ...DOCUMENT_RULES,
  ...MEDIA_RULES,
  ...CACHE_POINT_RULES,
  ...INFERENCE_RULES,
  ...OUTPUT_RULES,
];

/**
 * What Bedrock itself, and then the model's own front, refuse of a request that fits the shapes.
 *
 * @throws ServiceError
 */
export function checkConverse(checked: Checked): void {
  const { request, resolved } = checked;
  const said = firstOf(SERVICE_RULES, checked);
  if (said !== undefined) throw invalid(said);
  const hasCachePoint = [
    ...(request.system ?? []),
    ...(request.toolConfig?.tools ?? []),
    ...(request.messages ?? []).flatMap(({ content }) => content),
  ].some(({ cachePoint }) => cachePoint !== undefined);
  if (hasCachePoint && resolved.model.cache === undefined)
    throw new ServiceError(
      "AccessDeniedException",
      "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.",
    );
  checkModelFront(checked, FROM_MODEL);
}

/**
 * What the model's own front refuses.
 *
 * @param prefix  how the operation introduces it
 * @throws ServiceError
 */
export function checkModelFront(checked: Checked, prefix: string): void {
  const said = firstOf(MODEL_RULES, checked);
  if (said !== undefined) throw invalid(`${prefix}${said}`);
}

/**
 * What the model cannot do, whatever form the request came in.
 *
 * @throws ServiceError
 */
export function checkSupport(checked: Checked): void {
  const said = firstOf(SUPPORT_RULES, checked);
  if (said !== undefined) throw invalid(said);
}
