import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

/** Recorded exchanges with OpenAI and with Bedrock's second address, where they are beside the repository. */
const FOLDER = path.resolve(import.meta.dirname, "../../../shared/data/wire");

/** Says why there are none, for a test's `skip`; false where they are there. */
export const NO_RECORDINGS = existsSync(FOLDER) ? false : "the recordings are not beside the repository";

export interface Recording {
  readonly name: string;
  /** Without host. */
  readonly path: string;
  readonly contentType: string;
  readonly request: Buffer;
  readonly status: number;
  readonly replyType: string;
  readonly reply: Buffer;
}

interface VcrInteraction {
  readonly request: {
    readonly url?: string;
    readonly uri?: string;
    readonly body?: string;
    readonly parsed_body?: unknown;
    readonly headers: Readonly<Record<string, readonly string[]>>;
  };
  readonly response: {
    readonly code?: number;
    readonly status?: { readonly code: number };
    readonly body?: string | { readonly string: string | Uint8Array };
    readonly parsed_body?: unknown;
    readonly headers: Readonly<Record<string, readonly string[]>>;
  };
}

export async function recordings(): Promise<Recording[]> {
  const all = [
    ...(await recordingsIn("openai", "api.openai.com")),
    ...(await recordingsIn("bedrock", "bedrock-mantle")),
  ];
  return all;
}

async function recordingsIn(folder: string, host: string): Promise<Recording[]> {
  const files = (await readdir(path.join(FOLDER, folder)))
    .filter((name) => name.endsWith(".yaml"))
    .toSorted();
  const found: Recording[] = [];
  for (const name of files) {
    const text = await readFile(path.join(FOLDER, folder, name), "utf8");
    const { interactions } = parse(text, { customTags: ["binary"] }) as { interactions: VcrInteraction[] };
    for (const [index, { request, response }] of interactions.entries()) {
      const url = new URL(request.url ?? request.uri ?? "");
      if (!url.hostname.startsWith(host)) continue;
      found.push({
        name: `${name.replace(".yaml", "")} #${index}`,
        path: url.pathname.replace(/^\/openai/, ""),
        contentType: headerOf(request.headers, "content-type"),
        request: Buffer.from(request.body ?? JSON.stringify(request.parsed_body)),
        status: response.code ?? response.status?.code ?? 0,
        replyType: headerOf(response.headers, "content-type"),
        reply: replyOf(response),
      });
    }
  }
  return found;
}

function headerOf(headers: Readonly<Record<string, readonly string[]>>, wanted: string): string {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1][0] ?? "";
}

function replyOf({ body, parsed_body: parsed }: VcrInteraction["response"]): Buffer {
  if (body === undefined) return Buffer.from(JSON.stringify(parsed));
  const text = typeof body === "string" ? body : body.string;
  return typeof text === "string" ? Buffer.from(text) : Buffer.from(text);
}
