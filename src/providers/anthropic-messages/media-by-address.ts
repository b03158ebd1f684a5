import { mediaFormat } from "../../core/media-type.ts";
import type { FetchedMedia } from "../http/fetch-media.ts";
import { asRecord } from "../json-value.ts";

const BY_ADDRESS = Buffer.from('"url"');

/** Whether a body may name an image or a document by its address. */
export function mayNameAddresses(body: Buffer): boolean {
  return body.includes(BY_ADDRESS);
}

/** Addresses of images and documents in the messages, those in results of tools too. */
export function addressesIn(messages: unknown): string[] {
  const found: string[] = [];
  mapSources(messages, (url, block) => {
    found.push(url);
    return block;
  });
  return found;
}

/** The messages with what was fetched in the place of its address. */
export function withContent(messages: unknown, fetched: ReadonlyMap<string, FetchedMedia>): unknown {
  return mapSources(messages, (url, block) => {
    const media = fetched.get(url);
    if (media === undefined) return block;
    const format =
      mediaFormat(media.base64, media.contentType) ?? (block["type"] === "image" ? "png" : "pdf");
    const family = block["type"] === "image" ? "image" : "application";
    return { ...block, source: { type: "base64", media_type: `${family}/${format}`, data: media.base64 } };
  });
}

type Block = Readonly<Record<string, unknown>>;

function mapSources(messages: unknown, change: (url: string, block: Block) => Block): unknown {
  if (!Array.isArray(messages)) return messages;
  return (messages as unknown[]).map((message) => {
    const fields = asRecord(message);
    return fields === undefined ? message : { ...fields, content: mapBlocks(fields["content"], change) };
  });
}

function mapBlocks(content: unknown, change: (url: string, block: Block) => Block): unknown {
  if (!Array.isArray(content)) return content;
  return (content as unknown[]).map((value) => {
    const block = asRecord(value);
    if (block?.["type"] === "tool_result") return { ...block, content: mapBlocks(block["content"], change) };
    if (block?.["type"] !== "image" && block?.["type"] !== "document") return value;
    const source = asRecord(block["source"]);
    const url = source?.["type"] === "url" ? source["url"] : undefined;
    return typeof url === "string" ? change(url, block) : value;
  });
}
