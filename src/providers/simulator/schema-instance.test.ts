import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { instanceOf } from "./schema-instance.ts";

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
}

/** Whether a value fits, for the schemas made here: every property is required. */
function fits(value: unknown, schema: Schema): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value);
  if ("const" in schema) return value === schema.const;
  if (schema.anyOf !== undefined) return schema.anyOf.some((one) => fits(value, one));
  const type = Array.isArray(schema.type) ? (schema.type[0] as string) : schema.type;
  switch (type) {
    case "object":
      return (
        typeof value === "object" &&
        value !== null &&
        Object.entries(schema.properties ?? {}).every(
          ([key, inner]) => Object.hasOwn(value, key) && fits((value as Record<string, unknown>)[key], inner),
        )
      );
    case "array":
      return Array.isArray(value) && value.every((item) => fits(item, schema.items ?? {}));
    case "integer":
      return Number.isInteger(value) && (value as number) >= (schema.minimum ?? Number.NEGATIVE_INFINITY);
    case "null":
      return value === null;
    case undefined:
      return true;
    default:
      return typeof value === type;
  }
}

const { schema: anySchema } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Schema>({ type: "string" }, { type: "boolean" }, { type: "number" }, { type: "null" }),
    fc.constantFrom<Schema>({ type: ["integer", "null"] }, { enum: ["a", 1] }, { const: 5 }),
    fc.integer().map((minimum): Schema => ({ type: "integer", minimum })),
    tie("schema").map((items): Schema => ({ type: "array", items })),
    fc.array(tie("schema"), { minLength: 1, maxLength: 2 }).map((anyOf): Schema => ({ anyOf })),
    fc
      .dictionary(fc.string({ maxLength: 4 }), tie("schema"), { maxKeys: 4 })
      .map((properties): Schema => ({ type: "object", properties })),
  ),
}));

test("what is made fits the schema it was made for", () => {
  fc.assert(
    // The deepest levels end in null, which is a rule of its own.
    fc.property(
      anySchema.filter((schema) => JSON.stringify(schema).split("{").length < 8),
      (schema) => {
        const value = instanceOf(schema);
        assert.ok(fits(value, schema), JSON.stringify(value));
        assert.deepEqual(JSON.parse(JSON.stringify(value)), value);
      },
    ),
    { numRuns: 300 },
  );
});

test("properties without a type make an object", () => {
  assert.deepEqual(instanceOf({ properties: { a: { type: "null" } } }), { a: null });
});

test("a schema that holds itself ends in null", () => {
  const tree: Record<string, unknown> = { type: "object" };
  tree["properties"] = { child: tree };
  const text = JSON.stringify(instanceOf(tree));
  assert.match(text, /^(?:\{"child":)+null\}+$/);
});

test("what is no schema makes null", () => {
  for (const value of [undefined, null, 5, "string", true]) assert.equal(instanceOf(value), null);
});
