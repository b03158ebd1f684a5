import type { JsonMember } from "./json-scan.ts";

/** Replaces the bytes [start, end) by `text`; start = end inserts. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The bytes with all splices made; everything between them is the same, to the byte.
 *
 * @param splices  in any order; they must not overlap
 * @throws RangeError where they overlap
 */
export function applySplices(bytes: Buffer, splices: readonly Splice[]): Buffer {
  if (splices.length === 0) return bytes;
  const sorted =
    splices.length === 1 ? splices : splices.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let length = bytes.length;
  for (const splice of sorted) length += Buffer.byteLength(splice.text) - (splice.end - splice.start);
  const result = Buffer.allocUnsafe(length);
  let from = 0;
  let to = 0;
  for (const splice of sorted) {
    if (splice.start < from) throw new RangeError(`splices overlap at byte ${splice.start}`);
    to += bytes.copy(result, to, from, splice.start);
    to += result.write(splice.text, to);
    from = splice.end;
  }
  bytes.copy(result, to, from);
  return result;
}

/** What shall become of a member: JSON text for its value, or `undefined` to take it out. */
export type MemberEdits = ReadonlyMap<string, string | undefined>;

/**
 * Splices that set or take out members of an object: a value that is there is replaced where it stands, a new member
 * is put first, a removed one goes with the comma that held it.
 *
 * @param members  all members of the object, in order
 * @param inside   offset just after the object's opening brace
 */
export function editObject(members: readonly JsonMember[], inside: number, edits: MemberEdits): Splice[] {
  const isGone = (member: JsonMember): boolean =>
    edits.has(member.key) && edits.get(member.key) === undefined;
  const present = new Set(members.map((member) => member.key));
  const added = [...edits].filter(([key, value]) => value !== undefined && !present.has(key));
  const addedText = added.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",");
  const first = members[0];
  const last = members.at(-1);
  if (first === undefined || last === undefined) {
    return addedText === "" ? [] : [{ start: inside, end: inside, text: addedText }];
  }
  if (members.every(isGone)) return [{ start: first.keyStart, end: last.end, text: addedText }];

  const splices: Splice[] = [];
  if (addedText !== "") splices.push({ start: first.keyStart, end: first.keyStart, text: `${addedText},` });
  let someKept = false;
  for (const [index, member] of members.entries()) {
    if (!isGone(member)) {
      someKept = true;
      const text = edits.get(member.key);
      if (text !== undefined) splices.push({ start: member.start, end: member.end, text });
    } else if (someKept) {
      splices.push({ start: members[index - 1]?.end ?? member.keyStart, end: member.end, text: "" });
    } else {
      splices.push({ start: member.keyStart, end: members[index + 1]?.keyStart ?? member.end, text: "" });
    }
  }
  return splices;
}
