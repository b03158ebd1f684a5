import { dataOption } from "./command.ts";

/** What a command that is shown needs to find this server: ` --data DIR`, as a shell takes it; empty for the usual folder. */
export function dataWords(data: string): string {
  if (data === dataOption.default) return "";
  const isPlain = /^[\w./:@%+=,-]+$/.test(data);
  return ` --data ${isPlain ? data : `'${data.replaceAll("'", String.raw`'\''`)}'`}`;
}
