/**
 * What kind of file some content is, in the words of file endings: `png`, `jpeg`, `pdf`, `docx`, `mp3`, `mov`, `3gp`.
 *
 * The first bytes say what the content can be, and the label chooses among that: a container such as ZIP holds a docx as
 * well as an xlsx. Where the bytes say nothing, as with text, the label is believed. What no model takes has a name all
 * the same, so that a refusal can say it: `avif`, `heic`, `tiff`, `zip`.
 *
 * @param content   bytes, or base64; the first 66 bytes are looked at
 * @param declared  a media type, with or without its class and parameters, or a file ending
 * @returns undefined where neither tells
 */
export function mediaFormat(content: string | Uint8Array, declared: string | undefined): string | undefined {
  const label = declared === undefined ? undefined : labelFormat(declared);
  const possible = formatsOf(headOf(content));
  return possible === undefined || (label !== undefined && possible.includes(label)) ? label : possible[0];
}

/** What a label alone says, in the same words; undefined where it says nothing (`application/octet-stream`). */
export function labelFormat(declared: string): string | undefined {
  const type = (declared.split(";", 1)[0] ?? "").trim().toLowerCase();
  const name = type.slice(type.indexOf("/") + 1);
  const format = LABELS.get(type) ?? LABELS.get(name) ?? name;
  return format === "" || UNTOLD.has(format) ? undefined : format;
}

const UNTOLD: ReadonlySet<string> = new Set(["octet-stream", "binary", "*"]);

const LABELS: ReadonlyMap<string, string> = new Map([
  ["jpg", "jpeg"],
  ["pjpeg", "jpeg"],
  ["x-png", "png"],
  ["heif", "heic"],
  ["svg+xml", "svg"],
  ["tif", "tiff"],
  ["x-ms-bmp", "bmp"],
  ["x-pdf", "pdf"],
  ["plain", "txt"],
  ["markdown", "md"],
  ["x-markdown", "md"],
  ["htm", "html"],
  ["xhtml+xml", "html"],
  ["comma-separated-values", "csv"],
  ["msword", "doc"],
  ["vnd.ms-excel", "xls"],
  ["vnd.ms-powerpoint", "ppt"],
  ["vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"],
  ["vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
  ["vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"],
  ["vnd.oasis.opendocument.text", "odt"],
  ["vnd.oasis.opendocument.spreadsheet", "ods"],
  ["epub+zip", "epub"],
  ["x-zip-compressed", "zip"],
  // Without its class, "mpeg" may be a film.
  ["audio/mpeg", "mp3"],
  ["mpeg3", "mp3"],
  ["x-mpeg-3", "mp3"],
  ["x-mp3", "mp3"],
  ["wave", "wav"],
  ["x-wav", "wav"],
  ["x-pn-wav", "wav"],
  ["vnd.wave", "wav"],
  ["x-flac", "flac"],
  ["x-aac", "aac"],
  ["x-m4a", "m4a"],
  ["x-m4v", "m4v"],
  ["quicktime", "mov"],
  ["audio/x-matroska", "mka"],
  ["matroska", "mkv"],
  ["x-matroska", "mkv"],
  ["x-flv", "flv"],
  ["x-msvideo", "avi"],
  ["x-ms-wmv", "wmv"],
  ["three_gp", "3gp"],
  ["3gpp", "3gp"],
  ["3gpp2", "3gp"],
]);

const HEAD_BYTES = 66;

function headOf(content: string | Uint8Array): Buffer {
  return typeof content === "string"
    ? Buffer.from(content.slice(0, (HEAD_BYTES / 3) * 4), "base64")
    : Buffer.from(content.buffer, content.byteOffset, Math.min(content.length, HEAD_BYTES));
}

/** Beginnings that say all, as Latin-1, with what the content can be, the likeliest first. */
const MAGIC: readonly (readonly [beginning: string, formats: readonly string[]])[] = [
  ["\x89PNG\r\n\x1a\n", ["png"]],
  ["\xff\xd8\xff", ["jpeg"]],
  ["GIF87a", ["gif"]],
  ["GIF89a", ["gif"]],
  ["II*\0", ["tiff"]],
  ["MM\0*", ["tiff"]],
  ["%PDF-", ["pdf"]],
  ["PK\x03\x04", ["zip", "docx", "xlsx", "pptx", "odt", "ods", "epub"]],
  ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ["ole", "doc", "xls", "ppt"]],
  ["fLaC\0", ["flac"]],
  ["OggS\0", ["ogg", "opus", "oga", "ogv"]],
  ["FLV\x01", ["flv"]],
  ["\0\0\x01\xba", ["mpeg", "mpg"]],
  ["\0\0\x01\xb3", ["mpeg", "mpg"]],
  ["\x30\x26\xb2\x75\x8e\x66\xcf\x11", ["wmv", "wma", "asf"]],
];

function formatsOf(head: Buffer): readonly string[] | undefined {
  const text = head.toString("latin1");
  const magic = MAGIC.find(([beginning]) => text.startsWith(beginning));
  if (magic !== undefined) return magic[1];
  if (text.startsWith("RIFF")) return RIFF.get(text.slice(8, 12));
  if (text.startsWith("ftyp", 4)) return ftypFormats(text);
  if (text.startsWith("\x1a\x45\xdf\xa3")) return matroskaFormats(text);
  if (text.startsWith("BM") && text.startsWith("\0\0\0\0", 6)) return ["bmp"];
  return audioFrameFormats(head, text);
}

const RIFF: ReadonlyMap<string, readonly string[]> = new Map([
  ["WEBP", ["webp"]],
  ["WAVE", ["wav"]],
  ["AVI ", ["avi"]],
]);

/** ISO base media: a brand of four letters and then those that it is compatible with. https://mp4ra.org */
function ftypFormats(text: string): readonly string[] {
  const brand = text.slice(8, 12);
  const boxEnd = Buffer.from(text.slice(0, 4), "latin1").readUInt32BE(0);
  const brands = text.slice(8, boxEnd);
  if (/^(avif|avis)/.test(brand)) return ["avif"];
  if (/^(hei[cxms]|hev[cxms])/.test(brand)) return ["heic"];
  if (/^(mif1|msf1)/.test(brand)) return [/avi[fs]/.test(brands) ? "avif" : "heic"];
  if (brand === "qt  ") return ["mov"];
  if (/^M4[AB]/.test(brand)) return ["m4a", "mp4"];
  if (brand.startsWith("3g")) return ["3gp", "mp4"];
  return ["mp4", "m4a", "m4v", "mov", "3gp"];
}

/** The document type stands among the first elements. https://www.rfc-editor.org/rfc/rfc9559#section-5 */
function matroskaFormats(text: string): readonly string[] {
  if (text.includes("webm")) return ["webm"];
  return text.includes("matroska") ? ["mkv", "mka"] : ["webm", "mkv", "mka"];
}

/**
 * Sound without a container: an ID3 tag, or the head of a frame, which is eleven set bits, a version and a layer.
 * Layers I and II are left out: the first looks like the mark of UTF-16.
 */
function audioFrameFormats(head: Buffer, text: string): readonly string[] | undefined {
  // Another sentence may begin with these letters; a tag goes on with its version, 2 to 4.
  if (text.startsWith("ID3")) return (head[3] ?? 0xff) <= 4 ? ["mp3", "aac", "flac"] : undefined;
  const second = head[1] ?? 0;
  if (head[0] !== 0xff || (second & 0xe0) !== 0xe0) return undefined;
  if ((second & 0xf6) === 0xf0) return ["aac"];
  const isReserved = (second & 0x18) === 0x08;
  return (second & 0x06) === 0x02 && !isReserved ? ["mp3"] : undefined;
}
