import { brief } from "../core/text.ts";
import { suggestion, type ConfigPath, type Fault } from "./fault.ts";
import { providerFaults, servedModelFaults } from "./provider-faults.ts";
import { list, record, type Raw } from "./raw.ts";

/**
 * What no single field shows: names that must exist or must not clash. Works on the raw value and passes over what has
 * the wrong shape, so that these faults are told together with the schema's.
 */
export function referenceFaults(raw: unknown): Fault[] {
  const config = record(raw);
  const names: Names = {
    providers: Object.keys(record(config["providers"])),
    pools: Object.keys(record(config["pools"])),
    targets: Object.keys(record(config["targets"])),
    tasks: Object.keys(record(config["tasks"])),
    tenants: Object.keys(record(config["tenants"])),
  };
  return [
    ...targetFaults(config, names),
    ...taskFaults(config, names),
    ...collisionFaults(config),
    ...tenantFaults(config, names),
    ...policyFaults(config, names),
    ...providerFaults(config),
    ...servedModelFaults(config),
  ];
}

interface Names {
  readonly providers: readonly string[];
  readonly pools: readonly string[];
  readonly targets: readonly string[];
  readonly tasks: readonly string[];
  readonly tenants: readonly string[];
}

function targetFaults(config: Raw, names: Names): Fault[] {
  const faults: Fault[] = [];
  for (const [id, value] of Object.entries(record(config["targets"]))) {
    const target = record(value);
    const path = ["targets", id];
    if (target["provider"] === undefined && target["pool"] === undefined) {
      faults.push({
        path,
        message: `names neither provider nor pool; add provider: ${names.providers[0] ?? "NAME"}`,
      });
    }
    if (target["provider"] !== undefined && target["pool"] !== undefined) {
      faults.push({
        path: [...path, "pool"],
        message: "stands beside provider; a target has one of the two",
      });
    }
    faults.push(
      ...missing([...path, "provider"], "provider", target["provider"], names.providers),
      ...missing([...path, "pool"], "pool", target["pool"], names.pools),
    );
    if (target["price"] === undefined) {
      faults.push({
        path: [...path, "price"],
        message:
          "is missing, and an unknown price is never $0; write price: { input: USD, output: USD } per million tokens",
      });
    }
    faults.push(...priceOrderFaults(target["price"], [...path, "price"]));
  }
  return faults;
}

function priceOrderFaults(price: unknown, path: ConfigPath): Fault[] {
  const rows = list(price).map((row) => Date.parse(String(record(row)["from"])));
  return rows.flatMap((from, index) =>
    index > 0 && from <= (rows[index - 1] ?? Number.NaN)
      ? [
          {
            path: [...path, index, "from"],
            message: "is not later than the row before it; put the rows in order of date",
          },
        ]
      : [],
  );
}

function taskFaults(config: Raw, names: Names): Fault[] {
  const faults: Fault[] = [];
  for (const [id, value] of Object.entries(record(config["tasks"]))) {
    const task = record(value);
    const targets = list(task["targets"]);
    for (const [index, target] of targets.entries()) {
      const path = ["tasks", id, "targets", index];
      faults.push(...missing(path, "target", target, names.targets));
      if (targets.indexOf(target) < index) {
        faults.push({ path, message: `names "${brief(String(target))}" again; name each target once` });
      }
    }
    for (const target of Object.keys(record(task["split"]))) {
      if (!targets.includes(target)) {
        faults.push({
          path: ["tasks", id, "split", target],
          message: "is not among the task's targets",
          onKey: true,
        });
      }
    }
  }
  return faults;
}

/** A client's model name must mean one thing: tasks, targets and aliases share one space of names. */
function collisionFaults(config: Raw): Fault[] {
  const owners = new Map<string, string>();
  const faults: Fault[] = [];
  const claim = (name: string, owner: string, path: ConfigPath, onKey: boolean): void => {
    const earlier = owners.get(name);
    if (earlier === undefined) owners.set(name, owner);
    else
      faults.push({
        path,
        onKey,
        message: `"${brief(name)}" is already ${earlier}; a model name must mean one thing`,
      });
  };
  for (const id of Object.keys(record(config["tasks"]))) claim(id, "a task", ["tasks", id], true);
  for (const id of Object.keys(record(config["targets"]))) claim(id, "a target", ["targets", id], true);
  for (const [id, value] of Object.entries(record(config["targets"]))) {
    for (const [index, alias] of list(record(value)["aliases"]).entries()) {
      if (typeof alias !== "string") continue;
      claim(alias, `an alias of the target "${id}"`, ["targets", id, "aliases", index], false);
    }
  }
  return faults;
}

function tenantFaults(config: Raw, names: Names): Fault[] {
  const faults: Fault[] = [];
  for (const [id, value] of Object.entries(record(config["tenants"]))) {
    for (const [index, pattern] of list(record(value)["tasks"]).entries()) {
      if (typeof pattern !== "string" || pattern.includes("*")) continue;
      faults.push(...missing(["tenants", id, "tasks", index], "task", pattern, names.tasks));
    }
  }
  return faults;
}

function policyFaults(config: Raw, names: Names): Fault[] {
  const faults: Fault[] = [];
  const seen = new Set<unknown>();
  for (const [index, value] of list(config["policy"]).entries()) {
    const rule = record(value);
    const effects = ["deny", "allow", "approve"].filter((effect) => rule[effect] !== undefined);
    if (effects.length !== 1) {
      faults.push({ path: ["policy", index], message: "needs exactly one of deny, allow and approve" });
    }
    faults.push(...ruleNameFaults(rule, ["policy", index], names));
    if (seen.has(rule["rule"])) {
      faults.push({
        path: ["policy", index, "rule"],
        message: "is the name of an earlier rule; give each its own",
      });
    }
    seen.add(rule["rule"]);
  }
  return faults;
}

/** A rule about something that is not there would never hold, and nobody would notice. */
function ruleNameFaults(rule: Raw, path: ConfigPath, names: Names): Fault[] {
  const known: Readonly<Record<string, readonly string[]>> = {
    tenant: names.tenants,
    task: names.tasks,
    target: names.targets,
    provider: names.providers,
    pool: names.pools,
  };
  return ["when", "deny", "allow", "approve"].flatMap((part) =>
    Object.entries(record(rule[part])).flatMap(([attribute, value]) => {
      const there = Object.hasOwn(known, attribute) ? known[attribute] : undefined;
      if (there === undefined) return [];
      if (!Array.isArray(value)) return missing([...path, part, attribute], attribute, value, there);
      return value.flatMap((one, index) => missing([...path, part, attribute, index], attribute, one, there));
    }),
  );
}

function missing(path: ConfigPath, kind: string, wanted: unknown, known: readonly string[]): Fault[] {
  if (typeof wanted !== "string" || known.includes(wanted)) return [];
  const hint = known.length === 0 ? `; the file defines no ${kind} at all` : suggestion(wanted, known);
  return [{ path, message: `there is no ${kind} "${brief(wanted)}"${hint}` }];
}
