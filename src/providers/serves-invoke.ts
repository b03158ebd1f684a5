import type { RequestKind, Service } from "./provider.ts";

/** How a body of InvokeModel is served elsewhere than by the model that it belongs to: Claude's form is known, others are not. */
export function servesInvoke({ invokeBody }: RequestKind): Service {
  return invokeBody === "anthropic"
    ? "translate"
    : {
        why: "takes no bodies that belong to a model of Bedrock, but for Claude's with anthropic_version; ask by Converse",
      };
}
