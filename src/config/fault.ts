import { brief } from "../core/text.ts";
import { closest, distance } from "fastest-levenshtein";

export type ConfigPath = readonly (string | number)[];

/** One thing wrong with a configuration. */
export interface Fault {
  readonly path: ConfigPath;
  /** What is wrong; what to write instead. Never a secret's value. */
  readonly message: string;
  /** The fault is about the key itself, not its value. */
  readonly onKey?: boolean;
}

/** `targets.qwen.aliases[0]`, or `(file)` for the whole. */
export function pathText(path: ConfigPath): string {
  if (path.length === 0) return "(file)";
  return path
    .map((step, index) =>
      typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${brief(step)}`,
    )
    .join("");
}

/** `; did you mean "x"?` where one of the known names is near, else what there is to choose from. */
export function suggestion(wrong: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const near = closest(wrong, known);
  if (distance(wrong, near) <= Math.max(2, Math.floor(wrong.length / 3)))
    return `; did you mean "${brief(near)}"?`;
  return `; there ${known.length === 1 ? "is" : "are"}: ${known
    .slice(0, 20)
    .map((name) => brief(name))
    .join(", ")}`;
}
