import type { WireRequest } from "../../../core/wire.ts";
import { mayEscapeLetters } from "../escaped-letters.ts";

/** What makes an item or a part one whose tokens have nothing to do with its bytes; some is kept elsewhere. */
const NAMES = [
  '"input_image"',
  '"input_file"',
  '"input_audio"',
  '"computer_call_output"',
  '"computer_screenshot"',
  '"image_generation_call"',
  '"item_reference"',
  '"compaction"',
].map((name) => Buffer.from(name));

/** Whether the input may hold media. Quotes inside a text are escaped, so these bytes are names and hardly ever words. */
export function mayHoldMedia({ members, bytes }: WireRequest): boolean {
  const input = members.find(({ key }) => key === "input");
  if (input === undefined) return false;
  const json = bytes.subarray(input.start, input.end);
  return NAMES.some((name) => json.includes(name)) || mayEscapeLetters(json);
}
