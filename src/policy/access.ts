import { matchesAny } from "../core/glob.ts";
import type { KeyRecord } from "./key.ts";

/** What a tenant's keys may use, as the configuration says. */
export interface TenantAccess {
  readonly tasks: readonly string[];
}

/**
 * Which tasks and targets a key may name. A target may be named by whoever may use every task, and by whoever may use
 * a task that lists it.
 */
export class Access {
  readonly #tenant: readonly string[];
  readonly #key: readonly string[] | undefined;

  constructor(tenant: TenantAccess, key: KeyRecord) {
    this.#tenant = tenant.tasks;
    this.#key = key.rights.tasks;
  }

  mayUseTask(task: string): boolean {
    return matchesAny(this.#tenant, task) && (this.#key === undefined || matchesAny(this.#key, task));
  }

  /** @param tasksWithTarget  the tasks that list the target */
  mayUseTarget(tasksWithTarget: readonly string[]): boolean {
    return this.#mayUseAll() || tasksWithTarget.some((task) => this.mayUseTask(task));
  }

  /** For a refusal: what it may use instead. */
  describe(): string {
    return (this.#key ?? this.#tenant).join(", ") || "nothing";
  }

  #mayUseAll(): boolean {
    return this.#tenant.includes("*") && (this.#key === undefined || this.#key.includes("*"));
  }
}
