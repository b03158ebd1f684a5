import type { ToolCallPart } from "../../../core/chat.ts";
import { sealThought, type Thought } from "./sealed-thoughts.ts";

/** Items of an output, as JSON text. https://platform.openai.com/docs/api-reference/responses/object (output) */

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export function textContent(text: string): string {
  return `{"type":"output_text","text":${JSON.stringify(text)},"annotations":[],"logprobs":[]}`;
}

/** @param content  parts, as JSON text */
export function messageItem(id: string, status: ItemStatus, content: readonly string[]): string {
  return `{"id":"${id}","type":"message","status":"${status}","role":"assistant","content":[${content.join(",")}]}`;
}

export function callItem(
  id: string,
  status: ItemStatus,
  { id: callId, name, input }: Omit<ToolCallPart, "type">,
): string {
  return `{"id":"${id}","type":"function_call","status":"${status}","call_id":${JSON.stringify(callId)},"name":${JSON.stringify(name)},"arguments":${JSON.stringify(input)}}`;
}

/** How a client wants to be told of thoughts. */
export interface ThoughtForm {
  /** As a summary, which most clients show; else as the raw thought, which the API has for open models. */
  readonly asSummary: boolean;
  /** Sealed even where nobody signed it. */
  readonly sealsAll: boolean;
  readonly sealKey: Buffer;
}

export function thoughtContent(text: string, { asSummary }: ThoughtForm): string {
  return `{"type":"${asSummary ? "summary_text" : "reasoning_text"}","text":${JSON.stringify(text)}}`;
}

/** Signed and redacted thoughts are always sealed beside their text: without their proof they could never come back. */
export function thoughtItem(id: string, thought: Thought, form: ThoughtForm): string {
  const text = thought.type === "reasoning" ? thought.text : "";
  const mustSeal = form.sealsAll || thought.type === "redacted-reasoning" || thought.signature !== undefined;
  return emptyThoughtItem(
    id,
    text === "" ? "" : thoughtContent(text, form),
    form,
    mustSeal ? sealThought(thought, form.sealKey) : undefined,
  );
}

/** @param content  the one part, as JSON text, or "" */
export function emptyThoughtItem(
  id: string,
  content: string,
  { asSummary }: ThoughtForm,
  sealed?: string,
): string {
  const [summary, raw] = asSummary || content === "" ? [content, ""] : ["", `,"content":[${content}]`];
  const encrypted = sealed === undefined ? "" : `,"encrypted_content":"${sealed}"`;
  return `{"id":"${id}","type":"reasoning","summary":[${summary}]${raw}${encrypted}}`;
}
