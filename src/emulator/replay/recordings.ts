import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { canonicalJson, isObject, type Json, type JsonObject } from "../json.ts";

/** A recorded exchange with the Bedrock runtime. */
export interface Recording {
  readonly file: string;
  /** Place among the file's exchanges, from 1. */
  readonly number: number;
  readonly method: string;
  /** As it was sent. */
  readonly path: string;
  readonly body: Buffer;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly reply: Buffer;
}

/** A folder of recordings that cannot be read. */
export class RecordingsUnreadable extends Error {
  override readonly name = "RecordingsUnreadable";
}

/** Of bedrock-runtime in any Region; cassettes hold downloads and other services' exchanges as well. */
const HOST = /^bedrock-runtime(-fips)?\.[\w-]+\.(amazonaws\.com|api\.aws)$/;

/**
 * Reads VCR cassettes.
 *
 * @param folder  of .yaml and .yml files
 * @throws RecordingsUnreadable
 */
export function readRecordings(folder: string): Recording[] {
  let names: string[];
  try {
    names = readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
  } catch (error) {
    throw new RecordingsUnreadable(`the folder ${folder} cannot be read: ${(error as Error).message}`);
  }
  const recordings = names.flatMap((name) => readCassette(path.join(folder, name), name));
  if (recordings.length === 0)
    throw new RecordingsUnreadable(
      `${folder} holds no recorded request to a bedrock-runtime host; it should hold VCR cassettes (*.yaml)`,
    );
  return recordings;
}

function readCassette(file: string, name: string): Recording[] {
  let read: unknown;
  try {
    read = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new RecordingsUnreadable(`${file} is no YAML: ${(error as Error).message}`);
  }
  const interactions = isObject(read) && Array.isArray(read["interactions"]) ? read["interactions"] : [];
  return (interactions as unknown[]).flatMap((interaction, index) => {
    const recording = readInteraction(interaction);
    return recording === undefined ? [] : [{ ...recording, file: name, number: index + 1 }];
  });
}

function readInteraction(interaction: unknown): Omit<Recording, "file" | "number"> | undefined {
  const { request, response } = (isObject(interaction) ? interaction : {}) as Partial<
    Record<string, Record<string, unknown>>
  >;
  const uri = request?.["uri"];
  if (request === undefined || response === undefined || typeof uri !== "string") return undefined;
  const { host } = new URL(uri);
  if (!HOST.test(host)) return undefined;
  const status = response["status"] as { readonly code?: number } | undefined;
  return {
    method: String(request["method"]),
    path: uri.slice(uri.indexOf(host) + host.length),
    body: bytesOf(request["parsed_body"], request["body"]),
    status: status?.code ?? 200,
    headers: headersOf(response["headers"]),
    reply: bytesOf(response["parsed_body"], (response["body"] as { string?: unknown } | undefined)?.string),
  };
}

/** A parsed body is written as JSON again; a raw one is text, or bytes where YAML calls it binary. */
function bytesOf(parsed: unknown, raw: unknown): Buffer {
  if (parsed !== undefined && parsed !== null) return Buffer.from(JSON.stringify(parsed));
  if (raw instanceof Uint8Array) return Buffer.from(raw);
  return Buffer.from(typeof raw === "string" ? raw : "");
}

function headersOf(headers: unknown): Record<string, string> {
  if (!isObject(headers)) return {};
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), textOfHeader(value)]),
  );
}

function textOfHeader(value: Json | undefined): string {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (first instanceof Uint8Array) return Buffer.from(first).toString();
  return typeof first === "string" ? first : JSON.stringify(first ?? "");
}

/** The same for requests that ask the same: method, decoded path, and the body's JSON whatever its layout. */
export function keyOf(method: string, url: string, body: Buffer): string {
  let place = url;
  try {
    place = decodeURIComponent(url);
  } catch {
    // A path that cannot be decoded is its own name.
  }
  let content: string;
  try {
    content = canonicalJson(JSON.parse(body.toString()) as JsonObject);
  } catch {
    content = body.toString("latin1");
  }
  return `${method} ${place}\n${content}`;
}
