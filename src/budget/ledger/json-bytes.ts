import { TextBytes } from "../../core/text-bytes.ts";

/** With what a value of jsonb begins in PostgreSQL's binary format: its version. */
const VERSION = 1;

/**
 * A JSON list as a parameter in PostgreSQL's binary format of jsonb: a version byte, then the text. As a text it would be
 * half a megabyte of garbage for each batch.
 * https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/utils/adt/jsonb.c (jsonb_recv)
 *
 * @param bytes  where it is put together; it is there until they begin anew
 * @param items  JSON texts
 */
export function jsonList(bytes: TextBytes, items: readonly string[]): Buffer {
  bytes.begin();
  bytes.addByte(VERSION);
  let separator = "[";
  for (const item of items) {
    bytes.add(separator);
    bytes.add(item);
    separator = ",";
  }
  bytes.add(items.length === 0 ? "[]" : "]");
  return bytes.bytes;
}
