import type http from "node:http";
import type { Answer, Asked, Failure } from "./model.ts";

/** One API as its service speaks it. */
export interface Api {
  /**
   * What a request asks for, read as strictly as the service reads it.
   *
   * @throws Refusal
   */
  read(body: Json, path: string): Asked;
  whole(answer: Answer, asked: Asked): object;
  /** A stream's pieces in order, its proper end among them. */
  pieces(answer: Answer, asked: Asked): (string | Buffer)[];
  /** How many of the first pieces come before a stream breaks. */
  readonly beforeBreak: number;
  readonly streamType: string;
  error(failure: Failure, said?: string): ErrorReply;
  streamError(): string | Buffer;
  /** Other paths than those that generate, such as counting; undefined where the path is not its. */
  other?(path: string, body: Json): object | undefined;
  /** Whether the credentials of a request are right. */
  readonly admits: (request: Received) => boolean;
  readonly paths: RegExp;
}

/** A request as it came. */
export interface Received {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export type Json = Readonly<Record<string, unknown>>;

export interface ErrorReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** What the service will not take. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

export function refuse(condition: unknown, message: string): asserts condition {
  if (condition === undefined || condition === null || condition === false) throw new Refusal(message);
}

export function object(value: unknown, what: string): Json {
  refuse(typeof value === "object" && value !== null && !Array.isArray(value), `${what} must be an object`);
  return value as Json;
}

export function list(value: unknown, what: string): readonly unknown[] {
  refuse(Array.isArray(value), `${what} must be a list`);
  return value;
}

export function text(value: unknown, what: string): string {
  refuse(typeof value === "string", `${what} must be a text`);
  return value;
}

export function number(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  refuse(typeof value === "number", `${what} must be a number`);
  return value;
}

/** Every member must be known, as services with a closed form have it. */
export function known(body: Json, names: readonly string[], say: (name: string) => string): void {
  const stranger = Object.keys(body).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new Refusal(say(stranger));
}

export function sse(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export function named(type: string, members: object = {}): string {
  return `event: ${type}\n${sse({ type, ...members })}`;
}

/** Names of a schema's properties. */
export function propertiesOf(schema: unknown): string[] {
  const properties = (schema as { properties?: object } | undefined)?.properties;
  return Object.keys(properties ?? {});
}

/** JSON in two pieces, as arguments are streamed. */
export function halves(json: string): string[] {
  const middle = Math.ceil(json.length / 2);
  return [json.slice(0, middle), json.slice(middle)];
}

/** Who has the key. */
export function bearer(key: string): Api["admits"] {
  return ({ headers }) => headers.authorization === `Bearer ${key}`;
}

export function header(name: string, value: string): Api["admits"] {
  return ({ headers }) => headers[name] === value;
}
