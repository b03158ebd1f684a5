import type { ChatTemplateName } from "./chat-template.ts";
import { TEMPLATES } from "./templates.ts";

/** Tokens that an engine puts before a prompt, where its detokenizer writes them. */
const BEGINNINGS = ["", "<s>", "<s> ", "<bos>", "<|begin_of_text|>"];

/**
 * Cuts the prompt from the beginning of an answer, for engines that repeat it. The repetition may lack the template's tokens,
 * which detokenizers leave away. Only so much is held back as is the beginning of a repetition.
 */
export class EchoCut {
  #echoes: readonly string[];
  #held = "";

  constructor(prompt: string, template: ChatTemplateName) {
    const bare = prompt.replaceAll(new RegExp(TEMPLATES[template].special, "g"), "");
    const echoes = [...BEGINNINGS.map((token) => token + prompt), bare, ` ${bare}`];
    this.#echoes = bare.trim() === "" ? [] : [...new Set(echoes)];
  }

  /** @returns what may be told now */
  push(piece: string): string {
    if (this.#echoes.length === 0) return piece;
    const text = this.#held + piece;
    this.#held = "";
    const whole = this.#echoes.find((echo) => text.startsWith(echo));
    this.#echoes = whole === undefined ? this.#echoes.filter((echo) => echo.startsWith(text)) : [];
    if (whole !== undefined) return text.slice(whole.length);
    if (this.#echoes.length === 0) return text;
    this.#held = text;
    return "";
  }

  /** The answer is over: what was held back is no repetition. */
  end(): string {
    this.#echoes = [];
    const held = this.#held;
    this.#held = "";
    return held;
  }
}
