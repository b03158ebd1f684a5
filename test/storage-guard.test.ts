import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import { guardData, type DataGuard } from "../src/storage/data-guard.ts";
import { until } from "./support/gateway.ts";

let root = "";
let serial = 0;
const children: ChildProcess[] = [];

before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "switchyard-guard-"));
});
after(async () => {
  for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
  await rm(root, { recursive: true, force: true });
});

async function fresh(...below: readonly string[]): Promise<string> {
  const data = path.join(root, String(serial++), ...below);
  await mkdir(data, { recursive: true });
  return data;
}

const MODULE = new URL("../src/storage/data-guard.ts", import.meta.url).href;
const HOLD = `
  const { guardData } = await import(process.argv[1]);
  setInterval(() => {}, 1_000);
  await guardData(process.argv[2]).then(
    () => console.log("held"),
    (error) => { console.log("refused: " + error.message); process.exit(1); },
  );
`;

interface Other {
  readonly pid: number;
  /** "held", or "refused: " and why. */
  readonly answer: string;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

/** Another process that takes the folder. */
async function otherProcess(data: string, env: NodeJS.ProcessEnv = {}): Promise<Other> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", HOLD, MODULE, data], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let said = "";
  const answer = await new Promise<string>((resolve) => {
    child.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString();
      if (said.includes("\n")) resolve(said.trim());
    });
    void exited.then(() => resolve(`ended: ${said}`));
  });
  return {
    pid: child.pid ?? 0,
    answer,
    kill: async (signal) => {
      child.kill(signal);
      if (signal !== "SIGSTOP") await exited;
    },
  };
}

/** Somebody else's guard, as it would be found in the folder. */
async function foreignHolder(data: string, ageMs: number, holder: unknown): Promise<void> {
  const file = path.join(data, "guard.json");
  await writeFile(file, typeof holder === "string" ? holder : JSON.stringify(holder));
  const touched = new Date(Date.now() - ageMs);
  await utimes(file, touched, touched);
}

const ELSEWHERE = { host: "elsewhere", boot: "another-boot", pid: 77, startedAt: "2026-01-01T00:00:00.000Z" };

async function takes(data: string): Promise<void> {
  const guard = await guardData(data);
  const holder = JSON.parse(await readFile(path.join(data, "guard.json"), "utf8")) as { pid: number };
  assert.equal(holder.pid, process.pid);
  await guard.release();
}

test("a folder has one holder in a process, and is free again when it is released", async () => {
  const data = await fresh();
  const guard = await guardData(data);
  await assert.rejects(guardData(data), (error: Error) => {
    assert.ok(
      error.message.startsWith(
        `${data} is in use by the Switchyard with process ${process.pid} on ${os.hostname()}, since `,
      ),
    );
    assert.match(error.message, /; stop it, or start this one with its own --data folder$/);
    return true;
  });
  await guard.release();
  await takes(data);
});

test("a folder that another process holds is refused with that process's number", async () => {
  const data = await fresh();
  const other = await otherProcess(data);
  assert.equal(other.answer, "held");
  await assert.rejects(
    guardData(data),
    new RegExp(`is in use by the Switchyard with process ${other.pid} on `),
  );
  await other.kill("SIGTERM");
});

test("a folder that this process holds is refused to another", async () => {
  const data = await fresh();
  const guard = await guardData(data);
  const other = await otherProcess(data);
  assert.match(
    other.answer,
    new RegExp(`^refused: .* is in use by the Switchyard with process ${process.pid} on `),
  );
  await guard.release();
});

test("what a killed process left is taken over at once", async () => {
  const data = await fresh();
  const other = await otherProcess(data);
  assert.equal(other.answer, "held");
  await other.kill("SIGKILL");
  assert.ok((await stat(path.join(data, "guard.sock"))).isSocket());
  await takes(data);
});

test("a process that stands still holds its folder all the same", async () => {
  const data = await fresh();
  const other = await otherProcess(data);
  await other.kill("SIGSTOP");
  await assert.rejects(guardData(data), new RegExp(`in use by the Switchyard with process ${other.pid} `));
  await other.kill("SIGKILL");
  await takes(data);
});

test("a holder of another boot is refused while its file is fresh, and taken over when it is old", async () => {
  const data = await fresh();
  await foreignHolder(data, 0, ELSEWHERE);
  await assert.rejects(
    guardData(data),
    /in use by the Switchyard with process 77 on elsewhere, since 2026-01-01T00:00:00\.000Z;/,
  );
  await foreignHolder(data, 25_000, ELSEWHERE);
  await assert.rejects(guardData(data), /in use by .* on elsewhere/);
  await foreignHolder(data, 60_000, ELSEWHERE);
  await takes(data);
});

test("a holder of this boot that does not answer is gone, whatever it calls its host and however fresh its file", async () => {
  const data = await fresh();
  const guard = await guardData(data);
  const own = JSON.parse(await readFile(path.join(data, "guard.json"), "utf8")) as object;
  await guard.release();
  await foreignHolder(data, 0, { ...own, host: "container-1", pid: 1 });
  await takes(data);
});

for (const text of ["", "{", "null", "[]", "5", '"text"']) {
  test(`a guard file that says ${JSON.stringify(text)} keeps nobody out once it is old`, async () => {
    const data = await fresh();
    await foreignHolder(data, 60_000, text);
    await takes(data);
  });
}

test("one folder by two names has one holder", async () => {
  const data = await fresh();
  const link = path.join(root, `link-${serial++}`);
  await symlink(data, link);
  const guard = await guardData(data);
  await assert.rejects(guardData(link), /is in use by the Switchyard with process/);
  await guard.release();
});

test("a folder deeper than a socket's path may be long is guarded too", async () => {
  const data = await fresh("d".repeat(100), "e".repeat(100));
  const guard = await guardData(data);
  await assert.rejects(
    guardData(data),
    new RegExp(`is in use by the Switchyard with process ${process.pid}`),
  );
  assert.match((await otherProcess(data)).answer, /^refused: .* is in use by/);
  await guard.release();
  await takes(data);
});

test("two deep folders are guarded apart", async () => {
  const guards = [
    await guardData(await fresh("d".repeat(100), "one")),
    await guardData(await fresh("d".repeat(100), "two")),
  ];
  assert.equal(guards.length, 2);
  for (const guard of guards) await guard.release();
});

test("a deep folder is refused also to a process with a temporary folder of its own, such as another container", async () => {
  const data = await fresh("d".repeat(100));
  const guard = await guardData(data);
  const other = await otherProcess(data, { TMPDIR: await fresh("tmp") });
  assert.match(other.answer, /^refused: .* is in use by/);
  await other.kill("SIGKILL");
  await guard.release();
});

test("of two that start together in one process exactly one has the folder", async () => {
  const data = await fresh();
  const results = await Promise.allSettled([guardData(data), guardData(data)]);
  const held = results.filter(
    (result): result is PromiseFulfilledResult<DataGuard> => result.status === "fulfilled",
  );
  const refused = results.filter((result) => result.status === "rejected");
  assert.deepEqual([held.length, refused.length], [1, 1]);
  for (const { reason } of refused) assert.match(String(reason), /in use by|just taken by/);
  await held[0]?.value.release();
});

test("whoever finds that another was faster leaves the other's guard alone", async (context) => {
  const data = await fresh();
  const socket = path.join(data, "guard.sock");
  const late = guardData(data);
  const outcome = late.then(
    () => "held",
    (error: Error) => error.message,
  );
  await until(() => existsSync(socket), "the first guard");
  // What a second starter does that had found the folder free a moment before.
  await rm(socket);
  const faster = net.createServer((connection) => connection.end("the faster one"));
  context.after(() => faster.close());
  await new Promise<void>((resolve) => faster.listen(socket, resolve));
  assert.match(await outcome, /was just taken by another Switchyard/);
  assert.equal(existsSync(socket), true);
  await assert.rejects(guardData(data), /in use by/);
});

test("of processes that start together never two have the folder, and it can be taken afterwards", async () => {
  for (let round = 0; round < 3; round++) {
    const data = await fresh();
    const others = await Promise.all(Array.from({ length: 4 }, () => otherProcess(data)));
    const held = others.filter(({ answer }) => answer === "held");
    assert.ok(held.length <= 1, others.map(({ answer }) => answer).join("\n"));
    const next = await otherProcess(data);
    assert.equal(next.answer === "held", held.length === 0, next.answer);
    for (const { kill } of [...held, next]) await kill("SIGKILL");
    await takes(data);
  }
});

test("the folder and what is in it are their owner's alone", async () => {
  const data = path.join(root, String(serial++), "new");
  const guard = await guardData(data);
  assert.equal((await stat(data)).mode & 0o777, 0o700);
  assert.equal((await stat(path.join(data, "guard.json"))).mode & 0o777, 0o600);
  await guard.release();
});
