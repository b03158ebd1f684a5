import type { Context } from "../core/context.ts";

type Values = string | readonly string[];

/** A rule of the configuration: for which requests it holds, and which targets it excludes. */
export interface Rule {
  readonly rule: string;
  readonly when: Readonly<Record<string, Values | undefined>>;
  readonly deny?: Readonly<Record<string, Values | undefined>> | undefined;
  readonly allow?: Readonly<Record<string, Values | undefined>> | undefined;
  readonly because?: string | undefined;
}

/** What rules can see of a target. */
export interface TargetAttributes {
  readonly target: string;
  readonly provider: string;
  readonly model: string;
  readonly tier: string;
}

/** The rules that hold for a context: only the `when` part, which is the same for every candidate. */
export function rulesFor(rules: readonly Rule[], context: Context): readonly Rule[] {
  if (rules.length === 0) return rules;
  return rules.filter((rule) => matches(rule.when, context));
}

/** The first rule that excludes a target, or undefined where all let it pass. */
export function excludingRule(rules: readonly Rule[], target: TargetAttributes): Rule | undefined {
  return rules.find(
    (rule) =>
      (rule.deny !== undefined && matches(rule.deny, target)) ||
      (rule.allow !== undefined && !matches(rule.allow, target)),
  );
}

/** All named attributes must fit, each one of its values; an attribute that is absent fits nothing. */
function matches(wanted: Readonly<Record<string, Values | undefined>>, found: object): boolean {
  return Object.entries(wanted).every(([name, values]) => {
    const value = (found as Readonly<Record<string, unknown>>)[name];
    return (
      typeof value === "string" &&
      (typeof values === "string" ? values === value : values?.includes(value) === true)
    );
  });
}
