import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { assistant, call, result, tool, user, write } from "../support.test.ts";
import { legalCallId, legalToolName, nineCharacterId } from "../../../conversation/legal-name.ts";

test("a legal name stays as it is", () => {
  for (const name of ["get_weather", "a", "A-1_z", "x".repeat(64)]) assert.equal(legalToolName(name), name);
});

test("two names of 67 characters that begin alike become two legal ones", () => {
  const start = "mcp__some_server__".padEnd(64, "x");
  const [one, two] = [legalToolName(`${start}one`), legalToolName(`${start}two`)];
  assert.notEqual(one, two);
  for (const name of [one, two]) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
});

test("any name becomes a legal one, the same each time, and no two become one", () => {
  const names = fc.uniqueArray(
    fc.oneof(fc.string({ unit: "binary", maxLength: 80 }), fc.constantFrom("a.b", "a/b", "a_b", "")),
  );
  fc.assert(
    fc.property(names, (given) => {
      const wire = given.map(legalToolName);
      for (const name of wire) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
      assert.equal(new Set(wire).size, given.length);
      assert.deepEqual(given.map(legalToolName), wire);
    }),
  );
});

test("a name that looks made is made anew, so that it is nobody else's", () => {
  const made = legalToolName("a.b");
  assert.notEqual(legalToolName(made), made);
});

test("ids become legal, and Mistral's have nine letters and digits", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (id) => {
      assert.match(legalCallId(id), /^[a-zA-Z0-9_.:-]{1,64}$/);
      assert.match(nineCharacterId(id), /^[a-zA-Z0-9]{9}$/);
    }),
  );
  assert.equal(legalCallId("tooluse_VQNZJRUFMoqZzszVsRd4og"), "tooluse_VQNZJRUFMoqZzszVsRd4og");
  assert.equal(nineCharacterId("abcDEF123"), "abcDEF123");
});

test("one name for a tool in specs, choice and history, and the way back knows the client's", () => {
  const name = "files.read/many";
  const { body, how } = write({
    tools: [tool(name), tool("plain")],
    toolChoice: { tool: name },
    messages: [user("x"), assistant(call("a", name)), user(result("a"))],
  });
  const wire = body.toolConfig.tools[0].toolSpec.name;
  assert.equal(body.toolConfig.toolChoice.tool.name, wire);
  assert.equal(body.messages[1].content[0].toolUse.name, wire);
  assert.deepEqual([...how.names], [[wire, name]]);
});
