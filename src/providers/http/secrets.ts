import { brief } from "../../core/text.ts";

/**
 * What names our account at a provider: ARNs, AWS accounts, OpenAI's organisations and projects, Anthropic's organisations,
 * Azure's subscriptions. Providers write them into refusals.
 * https://platform.openai.com/docs/guides/rate-limits, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
const ACCOUNT =
  /\barn:aws[\w-]*:[\w:/.*+=@-]+|\b\d{12}\b|\b(org|proj)[-_][a-z\d]{8,}|\/subscriptions\/[\w./-]+|(?<=\borgani[sz]ation.{0,12})[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/gi;

/** Words about what our account may use, and what of it is used: that others use it, too, is none of a client's business. */
const LIMITS = /\b(limits?|quota|billing|plan|organi[sz]ation|subscription|tier)\b/i;

/** What our side sends upstream, and who we are there: no client may ever read it, even where the upstream repeats it. */
export class Secrets {
  readonly #values: readonly string[];

  /** @param values  credentials; absent ones are passed over */
  constructor(...values: readonly (string | undefined)[]) {
    this.#values = values.flatMap((value) => (value === undefined || value === "" ? [] : [value]));
  }

  appearIn(text: string): boolean {
    return this.#values.some((value) => text.includes(value));
  }

  /** The same for JSON text, where characters may be spelt as escapes. Text that is no JSON is looked at as it is. */
  appearInJson(text: string): boolean {
    if (this.appearIn(text)) return true;
    try {
      const plain = JSON.stringify(JSON.parse(text));
      return this.#values.some((value) => plain.includes(JSON.stringify(value).slice(1, -1)));
    } catch {
      return false;
    }
  }

  /** Whether what an upstream says of a failure must not go on as it is: it repeats a credential, or names our account. */
  hiddenIn(json: string): boolean {
    return this.appearInJson(json) || json.search(ACCOUNT) !== -1;
  }

  /**
   * An upstream's own words, as a client may read them: without the names of our account.
   *
   * @param most  characters
   * @returns undefined where there are none, or a credential is in them
   */
  tellable(words: unknown, most: number): string | undefined {
    if (typeof words !== "string" || words === "" || this.appearIn(words)) return undefined;
    return brief(words.replace(ACCOUNT, "(account)"), most);
  }

  /** The same of a throttle: undefined also where the words are about our account's limits. */
  tellableThrottle(words: unknown, most: number): string | undefined {
    return typeof words === "string" && LIMITS.test(words) ? undefined : this.tellable(words, most);
  }
}
