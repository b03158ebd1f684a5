import type * as z from "zod";
import { suggestion, type ConfigPath, type Fault } from "./fault.ts";
import { keysByKind, knownKeys } from "./known-keys.ts";

type Issue = z.core.$ZodIssue;

/** A schema issue in the configuration's own words: what is wrong; what to write instead. */
export function describeIssue(issue: Issue, schema: z.ZodType): Fault[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        onKey: true,
        message: unknownKey(key, issue.input, path, schema),
      }));
    case "invalid_type":
      return [{ path, message: ownText(issue) ?? wrongType(issue, path) }];
    case "invalid_value":
      return [{ path, message: choice(issue.input, issue.values.map(String)) }];
    case "invalid_union":
      return describeUnion(issue, path, schema);
    case "invalid_key":
      return [{ path, onKey: true, message: issue.issues[0]?.message ?? "is no valid name" }];
    case "too_small":
      return [
        {
          path,
          message:
            issue.origin === "array"
              ? "is empty; name at least one"
              : `must be ${issue.inclusive === false ? "more than" : "at least"} ${String(issue.minimum)}`,
        },
      ];
    case "too_big":
      return [{ path, message: `must be at most ${String(issue.maximum)}` }];
    case "invalid_format":
    case "invalid_element":
    case "not_multiple_of":
    case "custom":
      return [{ path, message: issue.message }];
  }
}

/** Where an entry has a kind, only that kind's keys may be meant; a key of another kind is told to be one. */
function unknownKey(key: string, input: unknown, path: ConfigPath, schema: z.ZodType): string {
  const kinds = keysByKind(schema, path);
  const kind = (input as Readonly<Record<string, unknown>> | undefined)?.["kind"];
  const own = typeof kind === "string" ? kinds.get(kind) : undefined;
  if (own === undefined) return `unknown key${suggestion(key, knownKeys(schema, path))}`;
  const has = `${String(kind)} has: ${own.join(", ")}`;
  const others = [...kinds].flatMap(([other, keys]) => (keys.includes(key) ? [other] : []));
  if (others.length > 0) return `unknown key "${key}"; it belongs to ${others.join(", ")}; ${has}`;
  const near = suggestion(key, own);
  return `unknown key${near.includes("did you mean") ? near : `; ${has}`}`;
}

function describeUnion(
  issue: Issue & { code: "invalid_union" },
  path: ConfigPath,
  schema: z.ZodType,
): Fault[] {
  if ("discriminator" in issue && typeof issue.discriminator === "string") {
    const options = "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    const asked = (issue.input as Readonly<Record<string, unknown>> | undefined)?.[issue.discriminator];
    return [{ path, message: choice(asked, options) }];
  }
  if (issue.input === undefined) return [{ path, message: "is missing; add it" }];
  // The branch with the fewest complaints, and those deepest in, is the one that was meant.
  const branches = issue.errors.filter((errors) => errors.length > 0);
  const meant = branches.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
  if (meant === undefined || depth(meant) === 0) {
    const own = meant?.find((inner) => inner.code === "custom" || inner.code === "invalid_format");
    if (own !== undefined) return [{ path, message: own.message }];
    const forms = branches
      .flat()
      .flatMap((inner) => (inner.code === "invalid_type" ? [expected(inner)] : []));
    return [
      {
        path,
        message: `is not ${forms.length > 0 ? [...new Set(forms)].join(" or ") : "one of the allowed forms"}`,
      },
    ];
  }
  return meant.flatMap((inner) => describeIssue({ ...inner, path: [...path, ...inner.path] }, schema));
}

function choice(value: unknown, options: readonly string[]): string {
  const list = `write one of ${options.join(", ")}`;
  if (value === undefined) return `is missing; ${list}`;
  const near = typeof value === "string" ? suggestion(value, options) : "";
  return near.includes("did you mean") ? `is none of the known values${near}` : list;
}

function depth(errors: readonly Issue[]): number {
  return Math.max(
    0,
    ...errors.map((error) => error.path.length + (error.code === "unrecognized_keys" ? 1 : 0)),
  );
}

/** What the schema itself says of a value of the wrong type, where it does: zod's own words begin alike. */
function ownText({ message }: Issue): string | undefined {
  return message.startsWith("Invalid input") ? undefined : message;
}

function wrongType(issue: Issue & { code: "invalid_type" }, path: ConfigPath): string {
  if (issue.input !== undefined) return `is not ${expected(issue)}`;
  return `is missing; write ${String(path.at(-1) ?? "it")}: ${expected(issue).replace(/^an? /, "")}`;
}

function expected(issue: Issue & { code: "invalid_type" }): string {
  switch (issue.expected) {
    case "string":
      return "a text";
    case "int":
      return "a whole number";
    case "number":
    case "boolean":
      return `a ${issue.expected}`;
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a mapping (key: value)";
    default:
      return `a ${issue.expected}`;
  }
}
