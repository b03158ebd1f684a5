import { elementFields, optionalList, optionalText, requiredText, type Fields } from "../fields.ts";
import { openThought, type Thought } from "./sealed-thoughts.ts";

/**
 * What a `reasoning` item says. What was sealed here is opened, and goes back to its maker with its proof. What another
 * maker encrypted proves nothing to anybody else: only the text beside it is a thought, unsigned, and where there is none
 * the item says nothing. That is no loss to be told, as for every thought that meets another model: a refusal would end a
 * conversation at its second turn as soon as it moves to another provider.
 * https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items
 */
export function readThought(item: Fields, place: string, sealKey: Buffer): Thought | undefined {
  const sealed = optionalText(item, "encrypted_content", place);
  const thought = sealed === undefined ? undefined : openThought(sealed, sealKey);
  if (thought !== undefined) return thought;
  const text = textOf(item, "content", place, "") || textOf(item, "summary", place, "\n\n");
  return text === "" ? undefined : { type: "reasoning", text, signature: undefined };
}

function textOf(item: Fields, key: string, place: string, between: string): string {
  return optionalList(item, key, place)
    .map((value, index) => {
      const at = `${place}.${key}[${index}]`;
      return requiredText(elementFields(value, at), "text", at);
    })
    .join(between);
}
