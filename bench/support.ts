import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";

/** A process of a benchmark, pinned to a core where the system can. */
export interface Bench {
  readonly child: ChildProcess;
  /** The next line of its stdout that fits. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  say(text: string): void;
  /** CPU microseconds that all its threads have used so far. */
  cpu(): number;
  /** Resident memory in MiB. */
  rss(): number;
  stop(): void;
}

const CAN_PIN = process.platform === "linux" && os.availableParallelism() >= 2;

export function start(core: number, args: readonly string[]): Bench {
  const command = [process.execPath, ...args];
  const child = CAN_PIN
    ? spawn("taskset", ["-c", String(core), ...command], { stdio: ["pipe", "pipe", "inherit"] })
    : spawn(command[0] ?? "", command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  let wake = (): void => {};
  child.stdout?.on("data", (bytes: Buffer) => {
    text += bytes.toString();
    wake();
  });
  const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const end = text.indexOf("\n");
      if (end === -1) {
        if (child.exitCode !== null) throw new Error(`${args[0] ?? ""} ended`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, 500);
        });
        continue;
      }
      const found = pattern.exec(text.slice(0, end));
      text = text.slice(end + 1);
      if (found !== null) return found;
    }
  };
  return {
    child,
    line,
    say: (words) => void child.stdin?.write(`${words}\n`),
    cpu: () => cpuOf(child.pid ?? 0),
    rss: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024,
    stop: () => void child.kill("SIGKILL"),
  };
}

/** The scheduler's own account, in nanoseconds, of every thread. https://docs.kernel.org/scheduler/sched-stats.html */
function cpuOf(pid: number): number {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
  }
  return total / 1_000;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
