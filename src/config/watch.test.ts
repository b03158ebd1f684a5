import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { FileWatch } from "./watch.ts";

interface Watched extends AsyncDisposable {
  readonly folder: string;
  /** Makes a change again and again until it is told; each change is one of its own. */
  tells(change: (round: number) => Promise<unknown>): Promise<number>;
}

async function watched(prepare: (folder: string) => Promise<string>): Promise<Watched> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "switchyard-watch-"));
  const file = await prepare(folder);
  let told = 0;
  const watch = new FileWatch(file, () => told++);
  return {
    folder,
    async tells(change) {
      const before = told;
      // The first look and the watch itself take a moment, so a change right after the start may be part of it.
      for (let round = 0; round < 30; round++) {
        await change(round);
        for (let wait = 0; wait < 40; wait++) {
          if (told > before) return told - before;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
      return 0;
    },
    async [Symbol.asyncDispose]() {
      watch.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function plainFile(folder: string): Promise<string> {
  const file = path.join(folder, "switchyard.yaml");
  await writeFile(file, "first");
  return file;
}

test("an emptied file is somebody's who is about to write, and is not told before he has", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "switchyard-watch-"));
  const file = await plainFile(folder);
  const seen: string[] = [];
  const watch = new FileWatch(file, () => void readFile(file, "utf8").then((text) => seen.push(text)));
  const until = async (text: string): Promise<void> => {
    while (seen.at(-1) !== text) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await until("first");
  for (let round = 0; round < 5; round++) {
    await writeFile(file, "");
    await new Promise((resolve) => setTimeout(resolve, 250));
    await writeFile(file, `written ${round}`);
    await until(`written ${round}`);
  }
  assert.ok(!seen.includes(""), seen.join());
  watch.close();
  await rm(folder, { recursive: true, force: true });
});

test("a file written in place is told", async () => {
  await using place = await watched(plainFile);
  const file = path.join(place.folder, "switchyard.yaml");
  assert.notEqual(await place.tells((round) => writeFile(file, `written ${round}`)), 0);
});

test("a file replaced by a rename is told, the second time too", async () => {
  await using place = await watched(plainFile);
  const replace = async (text: string): Promise<void> => {
    await writeFile(path.join(place.folder, ".new"), text);
    await rename(path.join(place.folder, ".new"), path.join(place.folder, "switchyard.yaml"));
  };
  assert.notEqual(await place.tells((round) => replace(`first ${round}`)), 0);
  assert.notEqual(await place.tells((round) => replace(`second ${round}`)), 0);
});

test("a file deleted and made again is told when it is there again", async () => {
  await using place = await watched(plainFile);
  const file = path.join(place.folder, "switchyard.yaml");
  const again = async (round: number): Promise<void> => {
    await rm(file);
    await writeFile(file, `again ${round}`);
  };
  assert.notEqual(await place.tells(again), 0);
  await rm(file);
  assert.notEqual(await place.tells((round) => writeFile(file, `after a while ${round}`)), 0);
});

test("a symlink above the file that is turned, as Kubernetes mounts a ConfigMap, is told each time", async () => {
  let serial = 0;
  const turn = async (folder: string): Promise<void> => {
    const version = `..version-${serial++}`;
    await mkdir(path.join(folder, version));
    await writeFile(path.join(folder, version, "switchyard.yaml"), version);
    await symlink(version, path.join(folder, "..data_tmp"));
    await rename(path.join(folder, "..data_tmp"), path.join(folder, "..data"));
  };
  await using place = await watched(async (folder) => {
    await turn(folder);
    await symlink(path.join("..data", "switchyard.yaml"), path.join(folder, "switchyard.yaml"));
    return path.join(folder, "switchyard.yaml");
  });
  for (let time = 0; time < 3; time++) {
    assert.notEqual(await place.tells(() => turn(place.folder)), 0);
    const seen = await readFile(path.join(place.folder, "switchyard.yaml"), "utf8");
    assert.equal(seen, `..version-${serial - 1}`);
  }
});

test("a file reached through a symlink is told when it is written where it lies", async () => {
  await using place = await watched(async (folder) => {
    await mkdir(path.join(folder, "elsewhere"));
    await writeFile(path.join(folder, "elsewhere", "real.yaml"), "first");
    await mkdir(path.join(folder, "here"));
    await symlink(path.join("..", "elsewhere", "real.yaml"), path.join(folder, "here", "switchyard.yaml"));
    return path.join(folder, "here", "switchyard.yaml");
  });
  const real = path.join(place.folder, "elsewhere", "real.yaml");
  assert.notEqual(await place.tells((round) => writeFile(real, `written ${round}`)), 0);
});

test("a watch that is closed tells nothing more", async () => {
  await using place = await watched(plainFile);
  const file = path.join(place.folder, "switchyard.yaml");
  let told = 0;
  const closed = new FileWatch(file, () => told++);
  closed.close();
  // The other watch is the witness that there was something to tell.
  assert.notEqual(await place.tells((round) => writeFile(file, `written ${round}`)), 0);
  assert.equal(told, 0);
});
