/** The oldest Node that Switchyard supports; package.json's `engines` says the same. */
const OLDEST = [22, 19] as const;
const CANNOT = 3;

/** Ends the process with 3 and says what to do, where Node is older than supported. */
export function refuseOldNode(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  console.error(
    `switchyard needs Node ${OLDEST.join(".")} or newer, this is ${version}. In a clone, "npm ci" brings the right one and "npm start" uses it; elsewhere install Node 24.`,
  );
  process.exit(CANNOT);
}
