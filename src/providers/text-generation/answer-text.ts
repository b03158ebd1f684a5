import type { StopReason } from "../../core/chat.ts";
import type { ChatTemplateName } from "./chat-template.ts";
import { EchoCut } from "./echo.ts";
import { StopText, type Told } from "./stop-text.ts";
import type { Prompt } from "./write-prompt.ts";

/**
 * The answer's own words out of what an engine makes of a prompt: without the prompt, where it is repeated, without what the
 * template has before an answer, and up to the first stop text, those of the template and those of the client.
 */
export class AnswerText {
  /** What the engine must be told to stop at. */
  readonly stops: readonly string[];
  readonly #wanted: readonly string[];
  readonly #echo: EchoCut;
  readonly #stop: StopText;
  #lead: string;

  /** @param wanted  the client's own stop sequences */
  constructor({ prompt, stop, lead }: Prompt, template: ChatTemplateName, wanted: readonly string[]) {
    this.stops = [...new Set([...wanted, ...stop])].filter((text) => text !== "");
    this.#wanted = wanted;
    this.#echo = new EchoCut(prompt, template);
    this.#stop = new StopText(this.stops);
    this.#lead = lead;
  }

  push(piece: string): Told {
    return this.#stop.push(this.#withoutLead(this.#echo.push(piece)));
  }

  /** The engine has no more. */
  end(): Told {
    const told = this.#stop.push(this.#withoutLead(this.#echo.end()));
    return told.stop === undefined ? { ...told, text: told.text + this.#stop.end() } : told;
  }

  /** Why an answer ended that came to a stop text: a template's is the model's own end. */
  stopped(by: string): { readonly reason: StopReason; readonly sequence?: string } {
    return this.#wanted.includes(by) ? { reason: "stop-sequence", sequence: by } : { reason: "end" };
  }

  #withoutLead(text: string): string {
    if (text === "" || this.#lead === "") return text;
    const lead = this.#lead;
    this.#lead = "";
    return text.startsWith(lead) ? text.slice(lead.length) : text;
  }
}
