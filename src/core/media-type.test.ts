import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { labelFormat, mediaFormat } from "./media-type.ts";

function ftyp(brand: string, ...compatible: string[]): string {
  const box = `ftyp${brand}\0\0\0\0${compatible.join("")}`;
  return `\0\0\0${String.fromCharCode(box.length + 4)}${box}moov`;
}

const MATROSKA =
  "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82";
const OFFICE = "application/vnd.openxmlformats-officedocument.";

const CASES: readonly (readonly [bytes: string, declared: string | undefined, format: string | undefined])[] =
  [
    ["\x89PNG\r\n\x1a\n", "image/jpeg", "png"],
    ["\xff\xd8\xff\xe0", "png", "jpeg"],
    ["\xff\xd8\xff\xe0", undefined, "jpeg"],
    ["GIF87a", "image/png", "gif"],
    ["GIF89a", undefined, "gif"],
    ["RIFF\x10\0\0\0WEBPVP8 ", "image/png", "webp"],
    ["RIFF\x10\0\0\0WAVEfmt ", "x-wav", "wav"],
    ["RIFF\x10\0\0\0AVI LIST", "mp4", "avi"],
    ["RIFF is how some begin", "text/plain", "txt"],
    ["%PDF-1.7\n", "application/octet-stream", "pdf"],
    ["PK\x03\x04", `${OFFICE}wordprocessingml.document`, "docx"],
    ["PK\x03\x04", `${OFFICE}spreadsheetml.sheet`, "xlsx"],
    ["PK\x03\x04", "xlsx", "xlsx"],
    ["PK\x03\x04", "application/pdf", "zip"],
    ["PK\x03\x04", undefined, "zip"],
    ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword", "doc"],
    ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-excel", "xls"],
    ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", undefined, "ole"],
    // A table that Windows labels as Excel's is text.
    ["a,b\n1,2\n", "text/csv", "csv"],
    [ftyp("isom", "isomiso2avc1mp41"), "video/mp4", "mp4"],
    [ftyp("isom", "isomiso2avc1mp41"), undefined, "mp4"],
    [ftyp("mp42", "isom"), "audio/m4a", "m4a"],
    [ftyp("M4A ", "isom"), undefined, "m4a"],
    [ftyp("qt  "), "video/mp4", "mov"],
    [ftyp("3gp5"), undefined, "3gp"],
    [ftyp("avif", "mif1"), "image/png", "avif"],
    [ftyp("mif1", "mif1avif"), "image/png", "avif"],
    [ftyp("mif1", "mif1heic"), "image/jpeg", "heic"],
    [ftyp("heic"), "jpeg", "heic"],
    [`${MATROSKA}\x84webm`, "video/x-matroska", "webm"],
    [`${MATROSKA}\x88matroska`, "video/webm", "mkv"],
    [`${MATROSKA}\x88matroska`, "audio/x-matroska", "mka"],
    ["\x1a\x45\xdf\xa3", "video/x-matroska", "mkv"],
    ["ID3\x04\0\0", "audio/mpeg", "mp3"],
    ["ID3 is a kind of tag", "text/plain", "txt"],
    ["\xff\xfb\x90\x64", "mpeg", "mp3"],
    ["\xff\xf1\x50\x80", "audio/aac", "aac"],
    ["\xff\xf1\x50\x80", "audio/mpeg", "aac"],
    ["\xff\xfeh\0i\0", "text/plain", "txt"],
    ["\xff", "audio/mpeg", "mp3"],
    ["fLaC\0\0\0\x22", "audio/x-flac", "flac"],
    ["OggS\0\x02", "audio/ogg", "ogg"],
    ["OggS\0\x02", "opus", "opus"],
    ["II*\0", "image/png", "tiff"],
    ["BM\x36\0\0\0\0\0\0\0", "image/png", "bmp"],
    ["BMW is a maker of cars", "text/plain", "txt"],
    ["hello", "text/plain; charset=utf-8", "txt"],
    ["# hello", "Text/Markdown", "md"],
    ["<p>", "text/html", "html"],
    ["hello", "plain", "txt"],
    ["hello", "application/octet-stream", undefined],
    ["hello", undefined, undefined],
    ["", undefined, undefined],
    ["", "image/jpg", "jpeg"],
  ];

for (const [bytes, declared, format] of CASES) {
  test(`${JSON.stringify(bytes.slice(0, 12))} labelled ${declared} is ${format}`, () => {
    const buffer = Buffer.from(bytes, "latin1");
    assert.equal(mediaFormat(buffer, declared), format);
    assert.equal(mediaFormat(buffer.toString("base64"), declared), format, "in base64");
    const long = Buffer.concat([buffer, Buffer.alloc(200, 0x20)]);
    assert.equal(mediaFormat(long.toString("base64"), declared), format, "with more after it");
  });
}

test("labels mean the same with and without their class", () => {
  for (const [label, format] of [
    ["image/jpg", "jpeg"],
    ["jpg", "jpeg"],
    ["audio/x-wav", "wav"],
    ["x-wav", "wav"],
    ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
    ["vnd.ms-excel", "xls"],
    ["audio/mpeg", "mp3"],
    ["video/mpeg", "mpeg"],
    ["constructor", "constructor"],
    ["*/*", undefined],
    ["", undefined],
    [";", undefined],
  ] as const)
    assert.equal(labelFormat(label), format, label);
});

test("any bytes have an answer, the same in base64, and only the first are looked at", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.option(fc.string(), { nil: undefined }),
      (bytes, label) => {
        const format = mediaFormat(bytes, label);
        assert.equal(mediaFormat(Buffer.from(bytes).toString("base64"), label), format);
        assert.equal(mediaFormat(bytes.subarray(0, 66), label), format);
      },
    ),
  );
});
