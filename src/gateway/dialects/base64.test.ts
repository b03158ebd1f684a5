import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { standardBase64 } from "./base64.ts";

const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((array) => Buffer.from(array));

test("any way of writing base64 becomes the standard one of the same bytes", () => {
  fc.assert(
    fc.property(bytes, (content) => {
      const standard = content.toString("base64");
      assert.equal(standardBase64(standard), standard);
      const lines = standard.replaceAll(/.{20}/g, "$&\r\n");
      assert.equal(standardBase64(lines), standard);
      const found = standardBase64(content.toString("base64url"));
      assert.ok(found !== undefined);
      assert.deepEqual(Buffer.from(found, "base64"), content);
    }),
  );
});

test("what is no base64, or nothing, is none", () => {
  for (const text of ["", "=", "==", "A", "A===", "AAAA=", "A=AA", "AAA!", "data:AAAA", "  "])
    assert.equal(standardBase64(text), undefined, text);
});
