import type { ConverseRequest } from "../converse-request.ts";
import type { JsonObject } from "../json.ts";
import type { Answer, AnswerBlock, AnswerUsage } from "./answer.ts";
import { assess, requiredRule, type Finding, type GuardrailRule } from "./guardrail.ts";

/** The guardrail that a request asks for; undefined where it asks for none. */
export function guardrailOf(
  { guardrailConfig }: ConverseRequest,
  rules: readonly GuardrailRule[],
): GuardrailRule | undefined {
  const id = guardrailConfig?.guardrailIdentifier;
  return id === undefined || id === "" ? undefined : requiredRule(id, rules, "ValidationException");
}

/** Holds an answer against the guardrail: it is let through, masked, or replaced. */
export function guardOutput(
  request: ConverseRequest,
  answer: Answer,
  rule: GuardrailRule,
  input: Finding | undefined,
): Answer {
  const findings = answer.blocks.map((block) =>
    block.kind === "text" ? assess(block.text, rule) : undefined,
  );
  const output = findings.find((finding) => finding?.blocked === true);
  if (output !== undefined)
    return intervened(request, rule.blockedOutputMessage, answer.usage, { input, output });
  const blocks = answer.blocks.map((block, index): AnswerBlock => {
    const finding = findings[index];
    return finding?.changed === true ? { kind: "text", text: finding.masked } : block;
  });
  const changed = findings.find((finding) => finding?.changed === true);
  const trace = traceOf(request, { input, output: changed });
  return {
    ...answer,
    blocks,
    ...(changed !== undefined && { stopReason: "guardrail_intervened" as const }),
    ...(trace !== undefined && { trace }),
  };
}

/** The answer that stands in for the one that must not be seen. */
export function intervened(
  request: ConverseRequest,
  message: string,
  usage: AnswerUsage,
  findings: { input?: Finding | undefined; output?: Finding | undefined },
): Answer {
  const trace = traceOf(request, findings);
  return {
    blocks: [{ kind: "text", text: message }],
    stopReason: "guardrail_intervened",
    usage,
    ...(trace !== undefined && { trace }),
  };
}

function traceOf(
  { guardrailConfig }: ConverseRequest,
  { input, output }: { input?: Finding | undefined; output?: Finding | undefined },
): JsonObject | undefined {
  const asked = guardrailConfig?.trace;
  if (asked !== "enabled" && asked !== "enabled_full") return undefined;
  const id = guardrailConfig?.guardrailIdentifier ?? "";
  const acted = output?.blocked === true || output?.changed === true || input?.blocked === true;
  return {
    guardrail: {
      ...(input !== undefined && { inputAssessment: { [id]: input.assessment } }),
      ...(output !== undefined && { outputAssessments: { [id]: [output.assessment] } }),
      actionReason: acted ? "Guardrail blocked." : "No action.",
    },
  };
}
