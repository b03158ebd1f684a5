import { ReplyFault } from "../reply-fault.ts";
import { fieldsOf, type Fields } from "./fields.ts";

/** The data of each event. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function payloads(text: string): readonly string[] {
  // Nearly always one event of one line.
  if (text.startsWith("data: {") && text.indexOf("\n") === text.length - 2 && text.endsWith("\n\n"))
    return [text.slice("data: ".length, -2)];
  return text.split(/\r?\n\r?\n/).flatMap((event) => {
    const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
    const payload = lines.map((line) => line.slice(line[5] === " " ? 6 : 5)).join("\n");
    return payload.trim() === "" ? [] : [payload];
  });
}

/** @throws ReplyFault where it is none */
export function parsedPayload(payload: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    value = undefined;
  }
  const fields = fieldsOf(value);
  if (fields === undefined) throw new ReplyFault("an event of the upstream's stream is no JSON object");
  return fields;
}
