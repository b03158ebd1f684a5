import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Marks } from "./marks.ts";

const BEGIN = { segment: 1, offset: 0 };

test("nothing that waits has no age", () => {
  const marks = new Marks();
  assert.equal(marks.age(BEGIN, 1_000), 0);
  marks.add({ segment: 1, offset: 10 }, 1_000);
  assert.equal(marks.age({ segment: 1, offset: 10 }, 5_000), 0);
  assert.equal(marks.age({ segment: 2, offset: 0 }, 5_000), 0);
});

test("the age is that of the oldest byte behind the place", () => {
  const marks = new Marks();
  marks.add({ segment: 1, offset: 10 }, 1_000);
  marks.add({ segment: 1, offset: 20 }, 2_000);
  marks.add({ segment: 2, offset: 5 }, 3_000);
  assert.equal(marks.age(BEGIN, 4_000), 3_000);
  assert.equal(marks.age({ segment: 1, offset: 9 }, 4_000), 3_000);
  assert.equal(marks.age({ segment: 1, offset: 10 }, 4_000), 2_000);
  assert.equal(marks.age({ segment: 1, offset: 20 }, 4_000), 1_000);
  assert.equal(marks.age({ segment: 2, offset: 4 }, 4_000), 1_000);
  assert.equal(marks.age({ segment: 2, offset: 5 }, 4_000), 0);
});

test("the age is never too small, and too large by 50 milliseconds at most while few bytes wait", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.boolean()), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (all) => {
      const marks = new Marks();
      const written: number[] = [];
      let now = 0;
      let read = 0;
      for (const [pause, isRead] of all) {
        now += pause;
        if (isRead) read = Math.min(read + 3, written.length);
        else marks.add({ segment: 1, offset: written.push(now) }, now);
        const exact = read < written.length ? now - (written[read] ?? 0) : 0;
        const age = marks.age({ segment: 1, offset: read }, now);
        assert.ok(age >= exact && age <= exact + 50, `${age} for ${exact}`);
      }
    }),
  );
});

test("after ten hours without a database the lag is ten hours, and an hour's records less when they are booked", () => {
  const marks = new Marks();
  const hour = 3_600_000;
  for (let at = 0; at < 10 * hour; at += 50) marks.add({ segment: 1, offset: at + 50 }, at);
  for (const booked of [0, 1, 2, 5, 9]) {
    const age = marks.age({ segment: 1, offset: booked * hour }, 10 * hour) / hour;
    assert.ok(Math.abs(age - (10 - booked)) < 0.1, `${age} hours when ${booked} hours of ten are booked`);
  }
});
