/** Numbers with units, as people write them in configuration and on the command line. */

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZE = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|kB|MB|GB)?$/;
const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Milliseconds of "250ms", "2s", "15m", "24h" or "30d"; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  const unit = DURATION_MS[match?.[2] ?? ""];
  return match === null || unit === undefined ? undefined : exact(Number(match[1]) * unit);
}

/** Bytes of "25MiB", "512 kB" or "1000"; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const match = SIZE.exec(text);
  const unit = SIZE_BYTES[match?.[2] ?? "B"];
  return match === null || unit === undefined ? undefined : exact(Number(match[1]) * unit);
}

/** The whole number, unless it is too large to be held exactly. */
function exact(value: number): number | undefined {
  const whole = Math.round(value);
  return Number.isSafeInteger(whole) ? whole : undefined;
}
