import { isIP } from "node:net";
import * as z from "zod";
import { parseUsd } from "../core/money.ts";
import { parseBytes, parseDuration } from "../core/quantity.ts";

/** The field types of the configuration: each reads what people write and says what to write instead. */

/** What a timer of Node holds; a longer one fires at once. */
const MAX_DURATION_MS = 2 ** 31 - 1;

export const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = parseDuration(String(value));
  if (ms !== undefined && ms <= MAX_DURATION_MS) return ms;
  if (ms !== undefined) {
    context.addIssue("is too long; write at most 24d");
    return z.NEVER;
  }
  context.addIssue('is no duration; write a number and a unit, such as "250ms", "30s" or "15m"');
  return z.NEVER;
});

const writeDays = (count: number): string => `write a number of days such as ${count}d`;
export const days = z
  .string({
    error: ({ input }) => writeDays(Number.isInteger(input) && Number(input) > 0 ? Number(input) : 90),
  })
  .transform((text, context) => {
    const count = /^(\d{1,4})d$/.exec(text)?.[1];
    if (count !== undefined && Number(count) >= 1) return Number(count);
    context.addIssue(`is no number of days; ${writeDays(90)}`);
    return z.NEVER;
  });

export const bytes = z.union([z.string(), z.number()]).transform((value, context) => {
  const count = parseBytes(String(value));
  if (count !== undefined) return count;
  context.addIssue('is no size; write a number and a unit, such as "25MiB"');
  return z.NEVER;
});

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const LISTEN = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/;

export const listen = z.union([z.string(), z.number()]).transform((value, context): ListenAddress => {
  const match = LISTEN.exec(String(value));
  const port = Number(match?.[3]);
  if (match !== null && port <= 65_535) return { host: match[1] ?? match[2] ?? "", port };
  context.addIssue('is no address; write host:port, such as "127.0.0.1:4141" or "[::1]:4141"');
  return z.NEVER;
});

/** What a secret's value must look like: a place to read it from, never the secret itself. */
export const SECRET_REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/;

// The message must not repeat the value: it may be a key somebody pasted.
export const secret = z.string().regex(SECRET_REFERENCE, {
  error: ({ input }) => {
    if (input === "env:") return "names no variable; write env:NAME";
    if (input === "file:") return "names no file; write file:PATH";
    return 'holds a literal secret; write "env:NAME" or "file:PATH" and put the secret there';
  },
});

/** Significant digits that a number of YAML keeps; longer ones were already rounded when we see them. */
const EXACT_DIGITS = 15;

export const usdPerMillion = z.union([z.number(), z.string()]).transform((value, context) => {
  const text = typeof value === "string" ? value : decimalText(value);
  if (text.replace(/^0\.0*|\./g, "").length > EXACT_DIGITS && typeof value === "number") {
    context.addIssue(
      'has more digits than a number keeps; write it in quotes, such as "123456789.123456789"',
    );
    return z.NEVER;
  }
  const amount = parseUsd(text);
  if (amount !== undefined) return amount;
  context.addIssue(
    "is no price; write USD per million tokens as a decimal >= 0 with at most 9 decimals, such as 0.0375",
  );
  return z.NEVER;
});

/** A number without its exponent: 1e-7 is "0.0000001". */
function decimalText(value: number): string {
  const text = String(value);
  if (!text.includes("e-")) return text;
  const [mantissa = "", exponent = ""] = text.split("e-");
  return `0.${"0".repeat(Number(exponent) - 1)}${mantissa.replace(".", "")}`;
}

const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$/;

export const date = z.string().transform((text, context) => {
  const ms = DATE.test(text) ? Date.parse(text) : Number.NaN;
  // JavaScript takes 30 February for 2 March.
  if (!Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 10))) return ms;
  context.addIssue("is no date; write YYYY-MM-DD, in UTC");
  return z.NEVER;
});

const MONEY = /^\d+(\.\d{1,9})? USD$/;
export const money = z
  .string()
  .regex(MONEY, 'is no amount; write a decimal and the currency, such as "500 USD"');

const RATE = /^\d+\/(s|sec|min|hour|day)$/;
export const rate = z.string().regex(RATE, 'is no rate; write a count and a unit of time, such as "100/min"');

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/;
export const name = z
  .string()
  .regex(
    NAME,
    "is no name; use letters, digits and . _ : / @ -, beginning with a letter or digit, at most 128 characters",
  );

/** What a missing value is answered with: the whole line to write. */
export function missingLike(line: string): {
  error: (issue: { readonly input?: unknown }) => string | undefined;
} {
  return { error: ({ input }) => (input === undefined ? `is missing; write ${line}` : undefined) };
}

/**
 * @param example  what an address at this place may be
 * @param key      the key that it stands at
 */
export const addressLike = (example: string, key = "baseUrl") =>
  z.string(missingLike(`${key}: ${example}`)).superRefine((text, context) => {
    const url = URL.parse(text);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
      context.addIssue(`is no http or https address; write one such as ${example}`);
    } else if (url.username !== "" || url.password !== "") {
      // Without the value: it holds the password.
      context.addIssue("holds a literal secret; take user and password out of the address and use apiKey");
    }
  });

export const cidr = z.string().superRefine((text, context) => {
  const [address = "", bits = "", more] = text.split("/");
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const isGood = family !== 0 && more === undefined && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
  if (!isGood) context.addIssue('is no network; write one such as "10.1.2.0/24" or "fd00::/8"');
});
