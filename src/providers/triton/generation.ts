import type { ChatEvent, StopReason } from "../../core/chat.ts";
import { NO_USAGE, type ReportedUsage, type Usage } from "../../core/usage.ts";
import { ReplyFault } from "../reply-fault.ts";
import type { AnswerText } from "../text-generation/answer-text.ts";
import type { Answer } from "./read-answer.ts";

/** https://docs.vllm.ai/en/stable/api/vllm/v1/engine/: FinishReason */
const REASONS: ReadonlyMap<string, StopReason> = new Map([
  ["stop", "end"],
  ["length", "max-tokens"],
]);
const FAILED: ReadonlySet<string> = new Set(["abort", "error", "cancelled"]);

/** Pieces of which each begins with the one before: no model says such a thing token by token. */
const NESTED_PIECES = 6;
const NESTED_LENGTH = 20;

type Stop = Extract<ChatEvent, { type: "stop" }>;

/** One answer on its way: its words, why it ended, and what it cost. */
export class Generation {
  readonly #words: AnswerText;
  readonly #maxTokens: number;
  #stop: Stop | undefined;
  #finish: string | undefined;
  #tellsFinish = false;
  #pieces = 0;
  #nested = 0;
  #last = "";
  #inputTokens: unknown;
  #outputTokens = 0;
  /** Some piece came without its count. */
  #hasUncounted = false;
  #counted: "none" | "all" | "wrong" = "none";

  /** @param maxTokens  asked for */
  constructor(words: AnswerText, maxTokens: number) {
    this.#words = words;
    this.#maxTokens = maxTokens;
  }

  /** A stop text came: what the upstream says after it is not wanted. */
  get stopped(): boolean {
    return this.#stop !== undefined;
  }

  /**
   * @returns words that may be told
   * @throws ReplyFault
   */
  push(answer: Answer): string {
    if (this.#stop !== undefined) return "";
    this.#count(answer);
    this.#checkPiece(answer.text);
    this.#tellsFinish ||= answer.tellsFinish;
    this.#finish = answer.finish ?? this.#finish;
    if (this.#finish !== undefined && FAILED.has(this.#finish))
      throw new ReplyFault(`the upstream ended its reply with finish_reason "${this.#finish}"`);
    return this.#told(this.#words.push(answer.text));
  }

  /** The upstream has no more. @returns the last words */
  end(): string {
    return this.#stop === undefined ? this.#told(this.#words.end()) : "";
  }

  /**
   * Why a stream that ended here is not whole; undefined where it is. The API has no mark for its end but that of HTTP; a
   * backend that tells why a model stops must have told it.
   *
   * @param isFramed  whether HTTP tells the body's end from a broken connection
   */
  missing(isFramed: boolean): string | undefined {
    if (this.#stop !== undefined || this.#finish !== undefined) return undefined;
    if (this.#pieces === 0) return "the upstream's stream ended before its first event";
    if (this.#tellsFinish) return "the upstream's stream ended without a finish reason";
    return isFramed ? undefined : "the upstream's stream ended without saying that it is whole";
  }

  get stop(): Stop {
    if (this.#stop !== undefined) return this.#stop;
    const isFull = this.#counted === "all" && this.#outputTokens >= this.#maxTokens;
    const untold = isFull ? "max-tokens" : "end";
    return {
      type: "stop",
      reason: this.#finish === undefined ? untold : (REASONS.get(this.#finish) ?? "end"),
    };
  }

  /** As the upstream told it; undefined where it tells none, or not of all that it said. */
  get usage(): ReportedUsage | undefined {
    if (this.#counted === "none" || this.#hasUncounted || this.#inputTokens === undefined) return undefined;
    if (this.#counted === "wrong" || !isCount(this.#inputTokens)) return "invalid";
    const usage: Usage = {
      ...NO_USAGE,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
    };
    return usage;
  }

  #told({ text, stop }: { readonly text: string; readonly stop: string | undefined }): string {
    if (stop !== undefined) this.#stop = { type: "stop", ...this.#words.stopped(stop) };
    return text;
  }

  #count({ text, inputTokens, outputTokens }: Answer): void {
    this.#inputTokens = inputTokens ?? this.#inputTokens;
    if (outputTokens === undefined || outputTokens === null) {
      this.#hasUncounted ||= text !== "";
      return;
    }
    if (!isCount(outputTokens)) this.#counted = "wrong";
    else if (this.#counted !== "wrong") {
      this.#counted = "all";
      this.#outputTokens += outputTokens;
    }
  }

  /** Deltas are what backends send, but for a setting of TensorRT-LLM's that makes each event repeat all before it. */
  #checkPiece(text: string): void {
    const isNested = this.#nested === this.#pieces && text.length > this.#last.length;
    if (isNested && text.startsWith(this.#last)) this.#nested++;
    this.#pieces++;
    this.#last = text;
    if (this.#nested === this.#pieces && this.#nested >= NESTED_PIECES && text.length >= NESTED_LENGTH)
      throw new ReplyFault(
        "the upstream repeats all its text in every event: its accumulate_tokens must be false",
      );
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
