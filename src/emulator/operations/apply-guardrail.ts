import { assess, requiredRule, usageOf } from "../answer/guardrail.ts";
import { readShape } from "../validate/read-shape.ts";
import { APPLY_GUARDRAIL } from "../validate/converse-shape.ts";
import { jsonBody, jsonReply, type Call, type Outcome } from "./call.ts";

interface Body {
  readonly source: "INPUT" | "OUTPUT";
  readonly content: readonly { readonly text?: { readonly text: string } }[];
}

/** `NONE` comes without outputs: the caller goes on with its own text. */
export function applyGuardrail({ state, request, route }: Call): Outcome {
  const body = readShape(jsonBody(request), APPLY_GUARDRAIL);
  const { source, content } = body as unknown as Body;
  const rule = requiredRule(route.parameters[0] ?? "", state.script.guardrails, "ResourceNotFoundException");
  const findings = content.map(({ text }) => assess(text?.text ?? "", rule));
  const whole = content.map(({ text }) => text?.text ?? "").join("\n");
  const blocked = findings.some((finding) => finding.blocked);
  const masked = findings.some((finding) => finding.changed);
  const outputs = blocked
    ? [{ text: source === "INPUT" ? rule.blockedInputMessage : rule.blockedOutputMessage }]
    : masked
      ? findings.map((finding) => ({ text: finding.masked }))
      : [];
  return {
    reply: jsonReply({
      action: blocked || masked ? "GUARDRAIL_INTERVENED" : "NONE",
      actionReason: blocked ? "Guardrail blocked." : masked ? "Guardrail masked." : "No action.",
      assessments: findings.map(({ assessment }) => assessment),
      guardrailCoverage: { textCharacters: { guarded: whole.length, total: whole.length } },
      outputs,
      usage: usageOf(whole),
    }),
  };
}
