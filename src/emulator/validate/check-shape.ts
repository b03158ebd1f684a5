import { isObject, type Json, type JsonObject } from "../json.ts";
import { ServiceError, invalid } from "../service-error.ts";
import type { ListShape, MapShape, NumberShape, Shape, StructureShape, TextShape } from "./shape.ts";

/**
 * What the service's framework does with a body before any code of Bedrock sees it: it reads it into the shapes of the
 * model (a wrong JSON type is a SerializationException), collects every violated constraint into one
 * ValidationException, and then refuses unions with no member or several. Members it does not know are ignored.
 *
 * @throws ServiceError
 */
export function checkShape(body: Json, shape: Shape): void {
  const found: Found = { violations: [], unions: [] };
  visit(body, shape, "", "", found);
  const { violations, unions } = found;
  if (violations.length > 0) {
    const count = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected`;
    throw invalid(`${count}: ${violations.join("; ")}`);
  }
  const [first] = unions;
  if (first !== undefined) throw invalid(first);
}

interface Found {
  readonly violations: string[];
  readonly unions: string[];
}

/**
 * @param path   as constraint violations name places: `messages.1.member.content`
 * @param place  as Bedrock's own messages name them: `messages.0.content`
 */
function visit(value: Json, shape: Shape, path: string, place: string, found: Found): void {
  switch (shape.kind) {
    case "text":
      return visitText(value, shape, path, found);
    case "number":
      return visitNumber(value, shape, path, found);
    case "boolean":
      if (typeof value !== "boolean") throw wrongType(value, "a Boolean");
      return;
    case "blob":
      if (typeof value !== "string") throw wrongType(value, "a Blob");
      if (!BASE64.test(value)) throw new ServiceError("SerializationException", "Invalid base64 data");
      return;
    case "document":
      return;
    case "list":
      return visitList(value, shape, path, place, found);
    case "map":
      return visitMap(value, shape, path, place, found);
    case "structure":
      return visitStructure(value, shape, path, place, found);
    default:
      shape satisfies never;
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function visitText(value: Json, shape: TextShape, path: string, found: Found): void {
  if (typeof value !== "string") throw wrongType(value, "a String");
  const quoted = shape.sensitive === true ? "" : ` '${value}'`;
  const length = Array.from(value).length;
  const say = (constraint: string): void => void found.violations.push(violation(quoted, path, constraint));
  if (shape.values !== undefined && !shape.values.includes(value))
    say(`Member must satisfy enum value set: [${shape.values.join(", ")}]`);
  if (shape.min !== undefined && length < shape.min)
    say(`Member must have length greater than or equal to ${shape.min}`);
  if (shape.max !== undefined && length > shape.max)
    say(`Member must have length less than or equal to ${shape.max}`);
  if (shape.pattern !== undefined && !new RegExp(`^(?:${shape.pattern})$`, "u").test(value))
    say(`Member must satisfy regular expression pattern: ${shape.pattern}`);
}

function visitNumber(value: Json, shape: NumberShape, path: string, found: Found): void {
  if (typeof value !== "number") throw wrongType(value, shape.integer === true ? "an Integer" : "a Float");
  if (shape.integer === true && !Number.isInteger(value))
    throw new ServiceError("SerializationException", "DECIMAL_VALUE can not be converted to an Integer");
  const say = (constraint: string): void =>
    void found.violations.push(violation(` '${value}'`, path, constraint));
  if (shape.min !== undefined && value < shape.min)
    say(`Member must have value greater than or equal to ${shape.min}`);
  if (shape.max !== undefined && value > shape.max)
    say(`Member must have value less than or equal to ${shape.max}`);
}

function visitList(value: Json, shape: ListShape, path: string, place: string, found: Found): void {
  if (!Array.isArray(value)) throw wrongType(value, "a List");
  const elements = value as readonly Json[];
  visitLength(elements.length, shape, path, found);
  elements.forEach((element, index) => {
    if (element === null) found.violations.push(nullViolation(`${path}.${index + 1}.member`));
    else visit(element, shape.of, `${path}.${index + 1}.member`, `${place}.${index}`, found);
  });
}

function visitMap(value: Json, shape: MapShape, path: string, place: string, found: Found): void {
  if (!isObject(value)) throw wrongType(value, "a Map");
  const names = Object.keys(value);
  visitLength(names.length, shape, path, found);
  for (const name of names) {
    const element = value[name];
    visitText(name, shape.key, `${path}.key`, found);
    if (element === null || element === undefined)
      found.violations.push(nullViolation(`${path}.${name}.member`));
    else visit(element, shape.of, `${path}.${name}.member`, `${place}.${name}`, found);
  }
}

function visitStructure(value: Json, shape: StructureShape, path: string, place: string, found: Found): void {
  if (!isObject(value)) throw wrongType(value, "a Structure");
  const present = Object.keys(shape.members).filter((name) => isPresent(value, name));
  for (const name of shape.required ?? [])
    if (!present.includes(name)) found.violations.push(nullViolation(join(path, name)));
  if (shape.union !== undefined && present.length !== 1) {
    const rule = present.length === 0 ? "must set one" : "can only set one";
    found.unions.push(
      `${shape.union} object at ${place} ${rule} of the following keys: ${Object.keys(shape.members).join(", ")}.`,
    );
  }
  for (const name of present) {
    const member = shape.members[name];
    const inner = value[name];
    if (member === undefined || inner === undefined) continue;
    visit(
      inner,
      typeof member === "function" ? member() : member,
      join(path, name),
      join(place, name),
      found,
    );
  }
}

function isPresent(value: JsonObject, name: string): boolean {
  return Object.hasOwn(value, name) && value[name] !== null && value[name] !== undefined;
}

function visitLength(
  length: number,
  { min, max }: { readonly min?: number; readonly max?: number },
  path: string,
  found: Found,
): void {
  if (min !== undefined && length < min)
    found.violations.push(violation("", path, `Member must have length greater than or equal to ${min}`));
  if (max !== undefined && length > max)
    found.violations.push(violation("", path, `Member must have length less than or equal to ${max}`));
}

function violation(quoted: string, path: string, constraint: string): string {
  return `Value${quoted} at '${path}' failed to satisfy constraint: ${constraint}`;
}

function nullViolation(path: string): string {
  return violation("", path, "Member must not be null");
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function wrongType(value: Json, wanted: string): ServiceError {
  if (Array.isArray(value))
    return new ServiceError("SerializationException", "Start of list found where not expected");
  if (isObject(value))
    return new ServiceError("SerializationException", "Start of structure or map found where not expected.");
  const token =
    value === null
      ? "NULL_VALUE"
      : typeof value === "boolean"
        ? `${String(value).toUpperCase()}_VALUE`
        : typeof value === "number"
          ? "NUMBER_VALUE"
          : "STRING_VALUE";
  return new ServiceError("SerializationException", `${token} can not be converted to ${wanted}`);
}
