import { memberValue } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";

/** Whether a message has parts other than text: their tokens have nothing to do with their bytes. */
export function holdsMedia(request: WireRequest): boolean {
  const member = request.members.find(({ key }) => key === "messages");
  const messages = member === undefined ? [] : memberValue(request.bytes, member);
  return (
    (messages as { content?: unknown }[] | null)?.some((message) => {
      const content = message?.content;
      return (
        Array.isArray(content) && content.some((part: { type?: unknown } | null) => part?.type !== "text")
      );
    }) === true
  );
}
