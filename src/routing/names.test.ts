import assert from "node:assert/strict";
import test from "node:test";
import { AppError, type ErrorCode } from "../core/errors.ts";
import { NameIndex, type MayUse } from "./names.ts";
import type { RouteTarget, RouteTask } from "./target.ts";

const ALL: MayUse = { task: () => true, target: () => true, describe: () => "*" };

/** May use these tasks, and the targets that they list. */
function only(...allowed: readonly string[]): MayUse {
  return {
    task: (task) => allowed.includes(task),
    target: (tasks) => tasks.some((task) => allowed.includes(task)),
    describe: () => allowed.join(", ") || "nothing",
  };
}

function target(id: string, model = `${id}-upstream`): RouteTarget {
  return { id, provider: "p", model, tier: "small", dataClasses: ["public"], prices: [] };
}

function listing(id: string, ...targets: readonly string[]): RouteTask {
  return { id, targets, owner: undefined, durability: undefined };
}

const INDEX = new NameIndex(
  [listing("answer", "qwen", "sonnet"), listing("report", "sonnet")],
  [
    target("qwen", "qwen3"),
    target("sonnet", "claude"),
    target("twin-a", "shared"),
    target("twin-b", "shared"),
    target("odd", "qwen"),
  ],
  [
    ["gpt", "qwen"],
    ["dangling", "nowhere"],
  ],
);

function refusal(code: ErrorCode, ask: () => unknown): string {
  try {
    ask();
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, code, error.message);
    return error.message;
  }
  throw new Error("nothing was refused");
}

function resolved(task: string | undefined, model: string | undefined, mayUse = ALL): readonly unknown[] {
  const found = INDEX.resolve(task, model, mayUse);
  return [found.as, found.task?.id, found.targets.map(({ id }) => id)];
}

test("the task word wins over the model, whatever the model says", () => {
  assert.deepEqual(resolved("answer", "report"), ["task", "answer", ["qwen", "sonnet"]]);
  assert.deepEqual(resolved("answer", "no such model"), ["task", "answer", ["qwen", "sonnet"]]);
  assert.deepEqual(resolved("answer", undefined), ["task", "answer", ["qwen", "sonnet"]]);
});

test("the task word means a task and nothing else", () => {
  for (const name of ["qwen", "gpt", "qwen3", "none", "constructor", "__proto__"]) {
    assert.equal(
      refusal("model_not_found", () => INDEX.resolve(name, "answer", ALL)),
      `there is no task "${name}"`,
    );
  }
});

test("a model is a task, a target, an alias or the upstream id of one target, in this order", () => {
  assert.deepEqual(resolved(undefined, "report"), ["task", "report", ["sonnet"]]);
  assert.deepEqual(resolved(undefined, "sonnet"), ["target", undefined, ["sonnet"]]);
  assert.deepEqual(resolved(undefined, "gpt"), ["alias", undefined, ["qwen"]]);
  assert.deepEqual(resolved(undefined, "claude"), ["upstream id", undefined, ["sonnet"]]);
  // "qwen" is also the upstream id of "odd": the target's own name comes first.
  assert.deepEqual(resolved(undefined, "qwen"), ["target", undefined, ["qwen"]]);
});

test("an upstream id that several targets share is nobody's, and the refusal names them", () => {
  const message = refusal("model_not_found", () => INDEX.resolve(undefined, "shared", ALL));
  assert.match(message, /"shared"/);
  assert.match(message, /twin-a, twin-b/);
});

test("of targets that share an upstream id only those count that the key may use, and no other is named", () => {
  const index = new NameIndex(
    [listing("a", "twin-a"), listing("b", "twin-b"), listing("c", "twin-c")],
    ["twin-a", "twin-b", "twin-c"].map((id) => target(id, "shared")),
    [],
  );
  const found = index.resolve(undefined, "shared", only("b"));
  assert.deepEqual([found.as, found.targets.map(({ id }) => id)], ["upstream id", ["twin-b"]]);
  const message = refusal("model_not_found", () => index.resolve(undefined, "shared", only("a", "b")));
  assert.doesNotMatch(message, /twin-c/);
  assert.doesNotMatch(
    refusal("model_not_found", () => index.resolve(undefined, "shared", only())),
    /twin/,
  );
});

test("a name that there is and that the key may not use is forbidden, and the refusal says what it may use", () => {
  const may = only("report");
  assert.match(
    refusal("forbidden", () => INDEX.resolve("answer", undefined, may)),
    /"answer".*report/,
  );
  assert.match(
    refusal("forbidden", () => INDEX.resolve(undefined, "answer", may)),
    /"answer".*report/,
  );
  assert.match(
    refusal("forbidden", () => INDEX.resolve(undefined, "qwen", may)),
    /"qwen".*report/,
  );
  assert.match(
    refusal("forbidden", () => INDEX.resolve(undefined, "gpt", may)),
    /"gpt".*report/,
  );
  assert.deepEqual(resolved(undefined, "sonnet", may), ["target", undefined, ["sonnet"]]);
});

test("a name that there is not is not found, whatever the key may use", () => {
  for (const may of [ALL, only()]) {
    for (const name of ["none", "constructor", "__proto__", "nowhere", "dangling"]) {
      refusal("model_not_found", () => INDEX.resolve(undefined, name, may));
    }
  }
});

test("an upstream id that the key may not use looks like one that there is not", () => {
  const of = (model: string): string =>
    refusal("model_not_found", () => INDEX.resolve(undefined, model, only())).replaceAll(model, "…");
  assert.equal(of("qwen3"), of("none"));
});

test("a request that names neither task nor model is told what to add", () => {
  assert.match(
    refusal("invalid_request", () => INDEX.resolve(undefined, undefined, ALL)),
    /model.*x-switchyard-task/,
  );
});

test("the list has tasks, targets and aliases in the file's order, and no upstream ids", () => {
  assert.deepEqual(
    INDEX.list(ALL).map(({ id, kind }) => `${kind} ${id}`),
    [
      "task answer",
      "task report",
      "target qwen",
      "target sonnet",
      "target twin-a",
      "target twin-b",
      "target odd",
      "alias gpt",
    ],
  );
});

test("the list has only what the key may use, and all of it can be asked for", () => {
  const may = only("answer");
  const listed = INDEX.list(may);
  assert.deepEqual(
    listed.map(({ id }) => id),
    ["answer", "qwen", "sonnet", "gpt"],
  );
  for (const { id, kind } of listed) assert.equal(INDEX.resolve(undefined, id, may).as, kind);
  assert.deepEqual(INDEX.list(only()), []);
});
