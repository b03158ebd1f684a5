import { AppError } from "../../../core/errors.ts";
import { brief } from "../../../core/text.ts";

/**
 * Refusals in the words of the real API, which clients may look for. They lack their last full stop, because ours say
 * more after them. https://platform.claude.com/docs/en/api/errors#error-shapes
 */
export function refused(message: string): AppError {
  return new AppError("invalid_request", message);
}

/** @param expected  as the API's framework says it: `a valid string` */
export function wrong(place: string, key: string, expected: string): AppError {
  return refused(`${at(place, key)}: Input should be ${expected}`);
}

export function missing(place: string, key: string): AppError {
  return refused(`${at(place, key)}: Field required`);
}

/** An object of a union whose `type` is none of the union's. */
export function unknownTag(place: string, tag: string, tags: readonly string[]): AppError {
  const expected = tags.map((each) => `'${each}'`).join(", ");
  return refused(
    `${place}: Input tag '${brief(tag)}' found using 'type' does not match any of the expected tags: ${expected}`,
  );
}

function at(place: string, key: string): string {
  return place === "" ? key : key === "" ? place : `${place}.${key}`;
}
