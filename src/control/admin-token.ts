import { randomBytes, createHash, timingSafeEqual } from "node:crypto";
import { readFile, writeFile, chmod } from "node:fs/promises";
import path from "node:path";

/** The control API's first bearer token, in a file that only its owner reads. */
export interface AdminToken {
  readonly file: string;
  readonly matches: (token: string) => boolean;
}

/** Reads `<data>/admin.token`, or makes it. */
export async function loadAdminToken(data: string): Promise<AdminToken> {
  const file = path.join(data, "admin.token");
  let token = await readFile(file, "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  if (token === "") {
    token = `sya-${randomBytes(32).toString("base64url")}`;
    await writeFile(file, `${token}\n`, { mode: 0o600 });
  }
  await chmod(file, 0o600);
  const wanted = digest(token);
  return { file, matches: (offered) => timingSafeEqual(digest(offered), wanted) };
}

/** Of equal length whatever was offered, so that the comparison tells nothing by its time. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
