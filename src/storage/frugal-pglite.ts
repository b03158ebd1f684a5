import v8 from "node:v8";
import { PGlite } from "@electric-sql/pglite";
import type { DurableFiles } from "./durable-files.ts";

/** Settings of PostgreSQL for one session beside a gateway. Its own would keep 160 MB of buffers. */
const SETTINGS = [
  "shared_buffers=32MB",
  "wal_buffers=1MB",
  "work_mem=8MB",
  "maintenance_work_mem=16MB",
  "temp_buffers=1MB",
  "max_connections=5",
  "jit=off",
  "max_wal_size=256MB",
  // One fsync a commit. Writing through (open_datasync) would sync every page of a batch by itself.
  "wal_sync_method=fsync",
];
/** What PGlite starts PostgreSQL with, and what takes away its durability. */
const NO_FSYNC = "-F";

/** Parse, unnamed, with an empty text. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const EMPTY_PARSE = Uint8Array.from([0x50, 0, 0, 0, 8, 0, 0, 0, 0]);
const SYNC = Uint8Array.from([0x53, 0, 0, 0, 4]);

/**
 * PGlite with little memory and with commits that survive the host's crash.
 *
 * One function of PostgreSQL, its parser, is so large that V8 takes 600 MB to optimise it. Whether a function may ever
 * be optimised V8 decides when it is first called, so the parser is first called while optimisation is switched off.
 * Should a later version of either have it otherwise, all that is lost is the memory.
 */
export class FrugalPGlite extends PGlite {
  /** Not a private field: the first call comes before the fields of this class are there. */
  declare private called: boolean | undefined;

  constructor(fs: DurableFiles) {
    const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
    super({
      fs,
      startParams: [...PGlite.defaultStartParams.filter((parameter) => parameter !== NO_FSYNC), ...settings],
    });
  }

  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    if (this.called === undefined) {
      this.called = true;
      v8.setFlagsFromString("--wasm-tier-up-filter=1000000000");
      try {
        super.execProtocolRawSync(EMPTY_PARSE);
      } finally {
        v8.setFlagsFromString("--wasm-tier-up-filter=-1");
      }
      super.execProtocolRawSync(SYNC);
    }
    return super.execProtocolRawSync(message);
  }
}
