import { AppError } from "../../../core/errors.ts";
import { brief } from "../../../core/text.ts";

/**
 * Refusals in the words of the real service, which clients may look for. They lack their last full stop, because ours
 * say more after them.
 */
export function refused(message: string): AppError {
  return new AppError("invalid_request", message);
}

/**
 * What the service's framework says of a value that breaks a rule of the API's model.
 *
 * @param path  members of lists are counted from 1 there: `messages.1.member.role`
 */
export function violation(value: string | number | undefined, path: string, rule: string): AppError {
  const quoted = value === undefined ? "" : ` '${brief(String(value))}'`;
  return refused(
    `1 validation error detected: Value${quoted} at '${path}' failed to satisfy constraint: Member must ${rule}`,
  );
}

/** `messages.0.content.2.toolUse` as `messages.1.member.content.3.member.toolUse`. */
export function memberPath(place: string): string {
  return place.replaceAll(/(?<=\.)(\d+)(?=\.|$)/g, (_, index: string) => `${Number(index) + 1}.member`);
}

export function blankText(object: string, place: string): AppError {
  return refused(
    `The text field in the ${object} object at ${place} is blank. Add text to the text field, and try again`,
  );
}

export function emptyContent(place: string): AppError {
  return refused(
    `The content field in the Message object at ${place} is empty. Add a ContentBlock object to the content field and try again`,
  );
}
