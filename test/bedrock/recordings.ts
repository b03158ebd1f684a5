import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

/** Recorded exchanges with the real service, where they are beside the repository. */
const FOLDER = path.resolve(import.meta.dirname, "../../../shared/data/wire/bedrock");

export interface Recording {
  readonly name: string;
  readonly model: string;
  /** converse, converse-stream, invoke, count-tokens. */
  readonly operation: string;
  readonly request: Buffer;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly reply: Buffer;
}

interface Interaction {
  readonly request: { readonly uri: string; readonly body?: string; readonly parsed_body?: unknown };
  readonly response: {
    readonly status: { readonly code: number };
    readonly headers: Readonly<Record<string, readonly string[]>>;
    readonly body?: { readonly string: string | Uint8Array };
    readonly parsed_body?: unknown;
  };
}

/** Says why there are none, for a test's `skip`; false where they are there. */
export const NO_RECORDINGS = existsSync(FOLDER) ? false : "the recordings are not beside the repository";

const RUNTIME = /^https:\/\/bedrock-runtime\.[^/]+\/model\/([^/]+)\/([a-z-]+)$/;

export async function recordings(): Promise<Recording[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".yaml")).toSorted();
  const all: Recording[] = [];
  for (const name of files) {
    const text = await readFile(path.join(FOLDER, name), "utf8");
    const { interactions } = parse(text, { customTags: ["binary"] }) as { interactions: Interaction[] };
    for (const [index, { request, response }] of interactions.entries()) {
      const match = RUNTIME.exec(request.uri);
      if (match === null) continue;
      all.push({
        name: `${name.replace(".yaml", "")} #${index}`,
        model: decodeURIComponent(match[1] ?? ""),
        operation: match[2] ?? "",
        request: Buffer.from(request.body ?? JSON.stringify(request.parsed_body)),
        status: response.status.code,
        headers: Object.fromEntries(
          Object.entries(response.headers).map(([key, [value]]) => [key, value ?? ""]),
        ),
        reply: replyOf(response),
      });
    }
  }
  return all;
}

function replyOf({ body, parsed_body: parsed }: Interaction["response"]): Buffer {
  if (body === undefined) return Buffer.from(JSON.stringify(parsed));
  return Buffer.from(body.string as Uint8Array);
}
