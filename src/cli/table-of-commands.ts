import type { Command } from "./command.ts";
import { check } from "./commands/check.ts";
import { configDiff } from "./commands/config-diff.ts";
import { configList } from "./commands/config-list.ts";
import { configShow } from "./commands/config-show.ts";
import { emulateBedrock } from "./commands/emulate-bedrock.ts";
import { explain } from "./commands/explain.ts";
import { keysCreate } from "./commands/keys-create.ts";
import { keysList } from "./commands/keys-list.ts";
import { keysRevoke } from "./commands/keys-revoke.ts";
import { tail } from "./commands/tail.ts";
import { up } from "./commands/up.ts";
import { usage } from "./commands/usage.ts";

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [
  up,
  check,
  usage,
  explain,
  tail,
  keysCreate,
  keysList,
  keysRevoke,
  configShow,
  configList,
  configDiff,
  emulateBedrock,
];
