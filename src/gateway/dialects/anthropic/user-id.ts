import { wordFault } from "../../../core/context.ts";

/** `user_<device>_account_<account>_session_<session>`, as Claude Code wrote it until 2026. */
const CODE_ID = /^user_([^_]+)_account_(.*)_session_/;

/**
 * Whom `metadata.user_id` means. Claude Code writes device, account and session together; the session is no user, and would
 * make one of each. What can be no word of the context says nothing.
 * https://platform.claude.com/docs/en/api/messages#body-metadata
 */
export function userOf(id: unknown): string | undefined {
  if (typeof id !== "string") return undefined;
  const user = id.startsWith("{") ? userInJson(id) : userInCodeId(id);
  return user !== undefined && wordFault("user", user) === undefined ? user : undefined;
}

function userInCodeId(id: string): string {
  const match = CODE_ID.exec(id);
  if (match === null) return id;
  const [, device = "", account = ""] = match;
  return account === "" ? device : account;
}

function userInJson(id: string): string | undefined {
  try {
    const { account_uuid: account, device_id: device } = JSON.parse(id) as Record<string, unknown>;
    const found = [account, device].find((part) => typeof part === "string" && part !== "");
    return found as string | undefined;
  } catch {
    return id;
  }
}
