import assert from "node:assert/strict";
import type { AskPart } from "../ask.ts";
import type { Facts, Feature } from "../cell.ts";
import { PDF, PNG } from "../material.ts";
import { digest } from "../upstreams/model.ts";
import { command, inspection } from "./words.ts";

const NOTES = "Minutes of the meeting: nobody came.";

function shows(
  name: string,
  title: string,
  part: (pictureUrl: string) => AskPart,
  check: Feature["check"],
): Feature {
  return {
    name,
    title,
    ask: (tag, url) => ({ messages: [command(tag, "inspect", part(url))] }),
    ...(check !== undefined && { check }),
  };
}

function sawImage(images: readonly string[] | undefined): void {
  if (images === undefined) return;
  assert.equal(images.length, 1);
  // A provider that fetches by itself gets the address.
  assert.ok(images[0] === digest(PNG) || images[0]?.startsWith("fetched http") === true, images[0]);
}

function sawDocument(
  seen: Parameters<NonNullable<Feature["check"]>>[0],
  facts: Facts,
  content: Buffer | string,
): void {
  const told = inspection(seen, facts);
  if (told === undefined) return;
  const hasText = typeof content === "string" && told.turns.join("").includes(content);
  if (hasText) return;
  assert.deepEqual(
    told.documents.map(([, sum]) => sum),
    [digest(content)],
  );
}

export const MEDIA: readonly Feature[] = [
  shows(
    "image",
    "An image in base64",
    () => ({ type: "image", mediaType: "image/png", base64: PNG.toString("base64") }),
    (seen, facts) => sawImage(inspection(seen, facts)?.images),
  ),
  shows(
    "image by address",
    "An image by its address",
    (url) => ({ type: "image-url", url }),
    (seen, facts) => sawImage(inspection(seen, facts)?.images),
  ),
  shows(
    "document",
    "A PDF in base64",
    () => ({
      type: "document",
      mediaType: "application/pdf",
      name: "report.pdf",
      base64: PDF.toString("base64"),
    }),
    (seen, facts) => sawDocument(seen, facts, PDF),
  ),
  shows(
    "text document",
    "A document of plain text",
    () => ({ type: "text-document", name: "notes.txt", text: NOTES }),
    (seen, facts) => sawDocument(seen, facts, NOTES),
  ),
];
