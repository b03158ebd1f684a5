import { AppError } from "../core/errors.ts";
import { brief } from "../core/text.ts";
import type { RouteTarget, RouteTask } from "./target.ts";

/** Characters of a name that a message repeats: model ids and ARNs are as long as that. */
const MAX_NAME = 2_048;

/** What the caller may use; policy's knowledge, as plain functions. */
export interface MayUse {
  task(task: string): boolean;
  /** @param tasks  the tasks that list the target */
  target(tasks: readonly string[]): boolean;
  /** What it may use, for a refusal. */
  describe(): string;
}

/** What a client's model name means: a task, or one target. */
export interface Resolved {
  /** How the name was understood. */
  readonly as: "task" | "target" | "alias" | "upstream id";
  readonly task: RouteTask | undefined;
  readonly targets: readonly RouteTarget[];
}

export interface ModelName {
  readonly id: string;
  readonly kind: "task" | "target" | "alias";
}

/** Tasks, targets, aliases and upstream ids of one configuration, looked up by name. */
export class NameIndex {
  readonly #tasks = new Map<string, RouteTask>();
  readonly #targets = new Map<string, RouteTarget>();
  readonly #aliases = new Map<string, RouteTarget>();
  readonly #upstream = new Map<string, RouteTarget[]>();
  /** For each target the tasks that list it. */
  readonly #tasksOf = new Map<string, string[]>();

  constructor(
    tasks: readonly RouteTask[],
    targets: readonly RouteTarget[],
    aliases: readonly (readonly [string, string])[],
  ) {
    for (const target of targets) {
      this.#targets.set(target.id, target);
      this.#tasksOf.set(target.id, []);
      const sharing = this.#upstream.get(target.model);
      if (sharing === undefined) this.#upstream.set(target.model, [target]);
      else sharing.push(target);
    }
    for (const [alias, id] of aliases) {
      const target = this.#targets.get(id);
      if (target !== undefined) this.#aliases.set(alias, target);
    }
    for (const task of tasks) {
      this.#tasks.set(task.id, task);
      for (const target of task.targets) this.#tasksOf.get(target)?.push(task.id);
    }
  }

  /**
   * What a request asks for.
   *
   * @param task   the task word; it wins over the model
   * @param model  the body's model
   * @throws AppError model_not_found, or forbidden where the key may not use what is there
   */
  resolve(task: string | undefined, model: string | undefined, mayUse: MayUse): Resolved {
    if (task !== undefined) return this.#resolveTask(task, mayUse);
    if (model === undefined) {
      throw new AppError(
        "invalid_request",
        "the request names no model: add model to the body, or the header x-switchyard-task",
      );
    }
    if (this.#tasks.has(model)) return this.#resolveTask(model, mayUse);
    const target = this.#targets.get(model);
    if (target !== undefined) return this.#one("target", model, target, mayUse);
    const alias = this.#aliases.get(model);
    if (alias !== undefined) return this.#one("alias", model, alias, mayUse);
    return this.#resolveUpstream(model, mayUse);
  }

  /** Every name that a key may send as `model`, in the configuration's order. */
  list(mayUse: MayUse): ModelName[] {
    const allowed = (target: RouteTarget): boolean => mayUse.target(this.#tasksOf.get(target.id) ?? []);
    return [
      ...[...this.#tasks.keys()]
        .filter((id) => mayUse.task(id))
        .map((id): ModelName => ({ id, kind: "task" })),
      ...[...this.#targets.values()].filter(allowed).map(({ id }): ModelName => ({ id, kind: "target" })),
      ...[...this.#aliases]
        .filter(([, target]) => allowed(target))
        .map(([id]): ModelName => ({ id, kind: "alias" })),
    ];
  }

  #resolveTask(id: string, mayUse: MayUse): Resolved {
    const task = this.#tasks.get(id);
    if (task === undefined)
      throw new AppError("model_not_found", `there is no task "${brief(id, MAX_NAME)}"`);
    if (!mayUse.task(id)) {
      throw new AppError(
        "forbidden",
        `this key may not use the task "${brief(id, MAX_NAME)}"; it may use: ${mayUse.describe()}`,
      );
    }
    const targets = task.targets.flatMap((target) => this.#targets.get(target) ?? []);
    return { as: "task", task, targets };
  }

  #one(as: Resolved["as"], name: string, target: RouteTarget, mayUse: MayUse): Resolved {
    if (!mayUse.target(this.#tasksOf.get(target.id) ?? [])) {
      throw new AppError(
        "forbidden",
        `this key may not use "${brief(name, MAX_NAME)}"; it may use the tasks: ${mayUse.describe()}`,
      );
    }
    return { as, task: undefined, targets: [target] };
  }

  #resolveUpstream(model: string, mayUse: MayUse): Resolved {
    const sharing = this.#upstream.get(model) ?? [];
    const allowed = sharing.filter((target) => mayUse.target(this.#tasksOf.get(target.id) ?? []));
    const only = allowed[0];
    if (only !== undefined && allowed.length === 1)
      return { as: "upstream id", task: undefined, targets: [only] };
    if (allowed.length > 1) {
      const names = allowed.map(({ id }) => id).join(", ");
      throw new AppError(
        "model_not_found",
        `several targets serve the upstream model "${brief(model, MAX_NAME)}"; ask for one of them: ${names}`,
      );
    }
    throw new AppError("model_not_found", `there is no model "${brief(model, MAX_NAME)}" for this key`);
  }
}
