import type { MediaSource } from "../../../core/chat.ts";
import { standardBase64 } from "../base64.ts";
import { refusal } from "../fields.ts";

export interface MediaAddress {
  readonly source: MediaSource;
  /** The media type without its class, in lower case. */
  readonly format: string | undefined;
}

const DATA = "data:";
const BASE64 = ";base64";
/** A media type and its parameters are shorter. */
const MAX_HEAD = 256;

/** Where a picture or a file is: in the address itself (RFC 2397), or at an address of the web. */
export function readAddress(address: string, place: string, key: string): MediaAddress {
  const start = address.slice(0, DATA.length + MAX_HEAD);
  if (/^https?:\/\//i.test(start)) return { source: { url: address }, format: undefined };
  if (start.slice(0, DATA.length).toLowerCase() !== DATA)
    throw refusal(place, key, "a data: URL or an address that begins with http:// or https://");
  const comma = start.indexOf(",");
  const head = start.slice(DATA.length, Math.max(comma, 0)).toLowerCase();
  if (!head.endsWith(BASE64)) throw refusal(place, key, "base64 in the data: URL");
  return { source: { base64: readBase64(address.slice(comma + 1), place, key) }, format: formatOf(head) };
}

/** @throws AppError invalid_request where there is none */
export function readBase64(text: string, place: string, key: string): string {
  const base64 = standardBase64(text);
  if (base64 === undefined) throw refusal(place, key, "base64 that is not empty");
  return base64;
}

function formatOf(head: string): string | undefined {
  const [type = ""] = head.split(";", 1);
  const name = type.slice(type.indexOf("/") + 1).trim();
  return name === "" || name === "octet-stream" ? undefined : name;
}

/** The ending of a file's name, for a file without a media type. */
export function endingOf(name: string | undefined): string | undefined {
  return /\.([a-z0-9]{1,8})$/i.exec(name ?? "")?.[1]?.toLowerCase();
}
