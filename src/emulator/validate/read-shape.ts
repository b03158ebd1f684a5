import { isObject, type Json, type JsonObject } from "../json.ts";
import { ServiceError, invalid } from "../service-error.ts";
import type { ListShape, MapShape, NumberShape, Shape, StructureShape, TextShape } from "./shape.ts";

/**
 * What the service's framework does with a body before any code of Bedrock sees it: it reads it into the shapes of the
 * model (a wrong JSON type is a SerializationException), collects every violated constraint into one
 * ValidationException, and then refuses unions with no member or several.
 *
 * @returns the body without the members that the shapes do not know, and without those that are null
 * @throws ServiceError
 */
export function readShape(body: Json, shape: Shape): Json {
  const found: Found = { violations: [], unions: [] };
  const read = visit(body, shape, "", "", found);
  const { violations, unions } = found;
  if (violations.length > 0) {
    const count = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected`;
    throw invalid(`${count}: ${violations.join("; ")}`);
  }
  const [first] = unions;
  if (first !== undefined) throw invalid(first);
  return read;
}

interface Found {
  readonly violations: string[];
  readonly unions: string[];
}

/**
 * @param path   as constraint violations name places: `messages.1.member.content`
 * @param place  as Bedrock's own messages name them: `messages.0.content`
 */
function visit(value: Json, shape: Shape, path: string, place: string, found: Found): Json {
  switch (shape.kind) {
    case "text":
      checkText(value, shape, path, found);
      return value;
    case "number":
      checkNumber(value, shape, path, found);
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw wrongType(value, "a Boolean");
      return value;
    case "blob":
      if (typeof value !== "string") throw wrongType(value, "a Blob");
      if (!BASE64.test(value)) throw new ServiceError("SerializationException", "Invalid base64 data");
      return value;
    case "document":
      return value;
    case "list":
      return readList(value, shape, path, place, found);
    case "map":
      return readMap(value, shape, path, place, found);
    case "structure":
      return readStructure(value, shape, path, place, found);
    default:
      return shape satisfies never;
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function checkText(value: Json, shape: TextShape, path: string, found: Found): void {
  if (typeof value !== "string") throw wrongType(value, "a String");
  const quoted = shape.sensitive === true ? "" : ` '${value}'`;
  const say = (constraint: string): void => void found.violations.push(violation(quoted, path, constraint));
  if (shape.values !== undefined && !shape.values.includes(value))
    say(`Member must satisfy enum value set: [${shape.values.join(", ")}]`);
  const { min, max } = shape;
  if (min !== undefined && value.length < min) say(`Member must have length greater than or equal to ${min}`);
  if (max !== undefined && value.length > max) say(`Member must have length less than or equal to ${max}`);
  if (shape.pattern !== undefined && !new RegExp(`^(?:${shape.pattern})$`, "u").test(value))
    say(`Member must satisfy regular expression pattern: ${shape.pattern}`);
}

function checkNumber(value: Json, shape: NumberShape, path: string, found: Found): void {
  if (typeof value !== "number") throw wrongType(value, shape.integer === true ? "an Integer" : "a Float");
  if (shape.integer === true && !Number.isInteger(value))
    throw new ServiceError("SerializationException", "DECIMAL_VALUE can not be converted to an Integer");
  const say = (constraint: string): void =>
    void found.violations.push(violation(` '${value}'`, path, constraint));
  const { min, max } = shape;
  if (min !== undefined && value < min) say(`Member must have value greater than or equal to ${min}`);
  if (max !== undefined && value > max) say(`Member must have value less than or equal to ${max}`);
}

function readList(value: Json, shape: ListShape, path: string, place: string, found: Found): Json {
  if (!Array.isArray(value)) throw wrongType(value, "a List");
  const elements = value as readonly Json[];
  checkLength(elements.length, shape, path, found);
  return elements.map((element, index) => {
    const at = `${path}.${index + 1}.member`;
    if (element !== null) return visit(element, shape.of, at, `${place}.${index}`, found);
    found.violations.push(nullViolation(at));
    return null;
  });
}

function readMap(value: Json, shape: MapShape, path: string, place: string, found: Found): Json {
  if (!isObject(value)) throw wrongType(value, "a Map");
  const entries = Object.entries(value);
  checkLength(entries.length, shape, path, found);
  return Object.fromEntries(
    entries.map(([name, element]) => {
      checkText(name, shape.key, `${path}.key`, found);
      const at = `${path}.${name}.member`;
      if (element !== null && element !== undefined)
        return [name, visit(element, shape.of, at, `${place}.${name}`, found)];
      found.violations.push(nullViolation(at));
      return [name, null];
    }),
  );
}

function readStructure(value: Json, shape: StructureShape, path: string, place: string, found: Found): Json {
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
  const read: Record<string, Json> = {};
  for (const name of present) {
    const member = shape.members[name];
    const inner = value[name];
    if (member === undefined || inner === undefined) continue;
    read[name] = visit(inner, member, join(path, name), join(place, name), found);
  }
  return read;
}

function isPresent(value: JsonObject, name: string): boolean {
  return Object.hasOwn(value, name) && value[name] !== null && value[name] !== undefined;
}

function checkLength(
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
