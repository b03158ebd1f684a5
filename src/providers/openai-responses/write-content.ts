import type { ChatPart, Inexpressible, MediaPart, ToolResultPart } from "../../core/chat.ts";
import { audioOf, describeMedia, fileOf, imageAddress } from "../openai-chat/write-media.ts";
import { missing } from "./missing.ts";

/** A part of what a user or a tool says; undefined where it is none of these, or cannot be said, which is told. */
export function writeContent(part: ChatPart, left: Inexpressible[]): object | undefined {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text };
    case "image":
    case "audio":
    case "document":
    case "video":
      return writeMedia(part, left);
    case "opaque":
      left.push(missing(part.name, false));
      return undefined;
    default:
      return undefined;
  }
}

function writeMedia(part: MediaPart, left: Inexpressible[]): object | undefined {
  const written = "s3" in part.source ? undefined : writeKind(part);
  if (written === undefined) left.push(missing(describeMedia(part), false));
  return written;
}

function writeKind(part: MediaPart): object | undefined {
  switch (part.type) {
    case "image": {
      const url = imageAddress(part);
      return url === undefined ? undefined : { type: "input_image", image_url: url, detail: "auto" };
    }
    case "audio": {
      const audio = audioOf(part);
      return audio === undefined ? undefined : { type: "input_audio", input_audio: audio };
    }
    case "document": {
      if ("url" in part.source) return { type: "input_file", file_url: part.source.url };
      const file = fileOf(part);
      return file === undefined ? undefined : { type: "input_file", ...file };
    }
    case "video":
      return undefined;
  }
}

/** A tool's result: a text, which every engine takes, or a list where there are files in it. */
export function writeResult(result: ToolResultPart, left: Inexpressible[]): unknown {
  const texts: string[] = [];
  const files: object[] = [];
  for (const part of result.content) {
    if (part.type === "text") texts.push(part.text);
    else if (part.type === "json") texts.push(part.json);
    else {
      const file = writeContent(part, left);
      if (file !== undefined) files.push(file);
    }
  }
  const text = toldAsError(texts.join("\n"), result.isError);
  if (files.length === 0) return text;
  return text === "" ? files : [{ type: "input_text", text }, ...files];
}

/** There is no mark for a failure here, so the text says it. */
function toldAsError(text: string, isError: boolean): string {
  return isError && !/^\W*error\b/i.test(text) ? `Error: ${text}` : text;
}
