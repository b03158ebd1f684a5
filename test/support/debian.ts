import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const TIMEOUT_MS = 300_000;
/** Test files run side by side and may want packages at the same time. */
const WAIT_FOR_LOCK = ["-o", "DPkg::Lock::Timeout=240"];

/** Installs packages where that is ours to do: on Debian, as root. @returns whether they are there now */
export function installFromDebian(...packages: readonly string[]): boolean {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return false;
  const apt = (...args: readonly string[]): boolean =>
    spawnSync("apt-get", [...WAIT_FOR_LOCK, ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: "ignore",
      timeout: TIMEOUT_MS,
    }).status === 0;
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  // A fresh machine has no lists yet; one that has them need not fetch them again.
  return apt(...install) || (apt("update") && apt(...install));
}
