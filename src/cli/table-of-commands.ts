import type { Command } from "./command.ts";
import { check } from "./commands/check.ts";
import { keysCreate } from "./commands/keys-create.ts";
import { keysList } from "./commands/keys-list.ts";
import { keysRevoke } from "./commands/keys-revoke.ts";
import { up } from "./commands/up.ts";

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [up, check, keysCreate, keysList, keysRevoke];
