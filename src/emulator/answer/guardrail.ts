import type { ConverseRequest } from "../converse-request.ts";
import type { JsonObject } from "../json.ts";
import { ServiceError } from "../service-error.ts";

/** What a guardrail of this emulator looks for. Any identifier stands for the default one unless a script names others. */
export interface GuardrailRule {
  /** Id or ARN; `*` for every one not named. */
  readonly id: string;
  /** A text with one of these is blocked, as a denied topic. */
  readonly deniedTexts: readonly string[];
  /** Kinds of personal data that are masked. */
  readonly masks: readonly Masked[];
  readonly blockedInputMessage: string;
  readonly blockedOutputMessage: string;
}

export type Masked = "EMAIL" | "PHONE" | "CREDIT_DEBIT_CARD_NUMBER" | "US_SOCIAL_SECURITY_NUMBER";

export const DEFAULT_GUARDRAIL: GuardrailRule = {
  id: "*",
  deniedTexts: ["BLOCKME"],
  masks: ["EMAIL"],
  blockedInputMessage: "Sorry, the model cannot answer this question.",
  blockedOutputMessage: "Sorry, the model cannot answer this question.",
};

export interface Finding {
  readonly blocked: boolean;
  /** The text with what must not be seen replaced by `{EMAIL}`. */
  readonly masked: string;
  readonly changed: boolean;
  readonly assessment: JsonObject;
}

const PATTERNS: Readonly<Record<Masked, RegExp>> = {
  EMAIL: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
  PHONE: /\+?\d{1,3}[ -]?\(?\d{3}\)?[ -]?\d{3}[ -]?\d{4}\b/g,
  CREDIT_DEBIT_CARD_NUMBER: /\b(?:\d[ -]?){15}\d\b/g,
  US_SOCIAL_SECURITY_NUMBER: /\b\d{3}-\d{2}-\d{4}\b/g,
};
/** Characters to a text unit, by which guardrails are paid. */
const UNIT_CHARACTERS = 1_000;

/** @throws ServiceError where a script names guardrails and this is none of them */
export function requiredRule(
  id: string,
  rules: readonly GuardrailRule[],
  type: "ResourceNotFoundException" | "ValidationException",
): GuardrailRule {
  const found = rules.find((rule) => rule.id === id) ?? rules.find((rule) => rule.id === "*");
  if (found !== undefined) return found;
  if (rules.length === 0) return DEFAULT_GUARDRAIL;
  throw new ServiceError(type, "The guardrail identifier or version provided in the request does not exist.");
}

/** Holds a text against a guardrail. */
export function assess(text: string, rule: GuardrailRule): Finding {
  const denied = rule.deniedTexts.filter((word) => word !== "" && text.includes(word));
  const entities: JsonObject[] = [];
  let masked = text;
  for (const kind of rule.masks)
    masked = masked.replace(PATTERNS[kind], (match) => {
      entities.push({ match, type: kind, action: "ANONYMIZED", detected: true });
      return `{${kind}}`;
    });
  const assessment: JsonObject = {
    ...(denied.length > 0 && {
      topicPolicy: {
        topics: denied.map((name) => ({ name, type: "DENY", action: "BLOCKED", detected: true })),
      },
    }),
    ...(entities.length > 0 && { sensitiveInformationPolicy: { piiEntities: entities, regexes: [] } }),
    invocationMetrics: {
      guardrailProcessingLatency: 1,
      usage: usageOf(text),
      guardrailCoverage: { textCharacters: { guarded: text.length, total: text.length } },
    },
  };
  return { blocked: denied.length > 0, masked, changed: entities.length > 0, assessment };
}

export function usageOf(text: string): JsonObject {
  const units = Math.ceil(text.length / UNIT_CHARACTERS);
  return {
    topicPolicyUnits: units,
    contentPolicyUnits: 0,
    wordPolicyUnits: 0,
    sensitiveInformationPolicyUnits: units,
    sensitiveInformationPolicyFreeUnits: 0,
    contextualGroundingPolicyUnits: 0,
    contentPolicyImageUnits: 0,
  };
}

/**
 * What of a request is held against the guardrail: the user's last message, or, once there is guardContent anywhere,
 * that alone. The system prompt counts only inside guardContent.
 */
export function guardedInput(request: ConverseRequest): string {
  const blocks = (request.messages ?? []).flatMap(({ content }) => content);
  const guarded = [...(request.system ?? []), ...blocks].flatMap(
    ({ guardContent }) => guardContent?.text?.text ?? [],
  );
  if (guarded.length > 0) return guarded.join("\n");
  const last = request.messages?.findLast(({ role }) => role === "user");
  const text = (last?.content ?? []).flatMap((block) => block.text ?? []).join("\n");
  const tagged = [...text.matchAll(TAGGED)].map(([, , inside = ""]) => inside);
  return tagged.length > 0 ? tagged.join("\n") : text;
}

/** How InvokeModel marks what is to be guarded; each tag ends with a suffix of the request's own. */
const TAGGED =
  /<amazon-bedrock-guardrails-guardContent_(\w+)>(.*?)<\/amazon-bedrock-guardrails-guardContent_\1>/gs;
