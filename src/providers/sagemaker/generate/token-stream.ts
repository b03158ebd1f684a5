import type { Secrets } from "../../http/secrets.ts";
import type { StreamReading } from "../../http/upstream-reply.ts";
import { fieldsOf, textOf, type Fields } from "../../openai-chat/fields.ts";
import type { AttemptFailure, ChatSink } from "../../provider.ts";
import { ReplyFault } from "../../reply-fault.ts";
import { StopText } from "../../text-generation/stop-text.ts";
import { LineReader } from "../line-reader.ts";
import { containerFault } from "./container-fault.ts";
import { countsOf, endOf, errorOf, readGenerated, usageOf } from "./generated.ts";
import type { Asked } from "./reading.ts";

/** Fields of server-sent events that say nothing here, and comments. */
const NOTHING = /^(:|event:|id:|retry:)/;

/**
 * Reads tokens as they are generated: TGI's events, `data:{"token":{…},"generated_text":null,"details":null}`, and LMI's lines
 * of the same without `data:`. The last one bears `generated_text` and `details`; without it the stream was cut.
 * https://huggingface.co/docs/text-generation-inference/conceptual/streaming,
 * https://docs.djl.ai/master/docs/serving/serving/docs/lmi/user_guides/lmi_input_output_schema.html#response-schema
 */
export class TokenStream implements StreamReading {
  readonly #sink: ChatSink;
  readonly #asked: Asked;
  readonly #secrets: Secrets;
  readonly #lines = new LineReader();
  readonly #stops: StopText;
  /** The stop text at which the answer was cut. */
  #cut: string | undefined;
  #hasTokens = false;
  #over = false;

  constructor(sink: ChatSink, asked: Asked, secrets: Secrets) {
    this.#sink = sink;
    this.#asked = asked;
    this.#secrets = secrets;
    this.#stops = new StopText([...asked.stops.own, ...asked.stops.template]);
  }

  get ended(): boolean {
    return this.#over;
  }

  stop(): void {
    this.#over = true;
  }

  push(bytes: Buffer): void {
    this.#read(() => {
      for (const line of this.#lines.push(bytes)) this.#line(line);
    });
  }

  finish(): void {
    // The last line may lack its end; one that was cut short is none.
    this.#read(() => {
      const rest = payloadOf(this.#lines.rest());
      if (rest !== undefined && readGenerated(rest) !== undefined) this.#line(rest);
    });
    this.#fail({ kind: "cut", message: "the upstream's stream ended without its last line" });
  }

  #line(line: string): void {
    if (this.#over) return;
    const payload = payloadOf(line);
    if (payload === undefined) return this.#sink.alive();
    const generated = readGenerated(payload);
    if (generated === undefined) throw new ReplyFault("a line of the upstream's stream is no JSON object");
    const error = errorOf(generated);
    if (error !== undefined) return this.#fail(containerFault(error, this.#secrets));
    const token = fieldsOf(generated["token"]);
    if (token !== undefined) this.#token(token);
    if (typeof generated["generated_text"] === "string") this.#last(generated);
  }

  #token(token: Fields): void {
    const isSpecial = token["special"] === true || token["special_token"] === true;
    if (isSpecial) return this.#sink.alive();
    this.#hasTokens = true;
    this.#say(textOf(token["text"]) ?? "");
  }

  #say(piece: string): void {
    const { text, stop } = this.#stops.push(piece);
    this.#cut = stop;
    if (text === "") this.#sink.alive();
    else this.#sink.event({ type: "text", text });
  }

  #last(generated: Fields): void {
    const details = fieldsOf(generated["details"]);
    // Throws where it failed, before anything is said that is no answer.
    endOf(details, undefined, []);
    // A container that does not stream answers in one piece.
    if (!this.#hasTokens) this.#say(textOf(generated["generated_text"]) ?? "");
    const held = this.#stops.end();
    if (held !== "") this.#sink.event({ type: "text", text: held });
    // The sink may have cancelled just now.
    if (this.#over) return;
    const { reason, sequence } = endOf(details, this.#cut, this.#asked.stops.own);
    this.#sink.event({ type: "stop", reason, ...(sequence !== undefined && { sequence }) });
    this.#usage(details);
    this.#over = true;
    this.#sink.end();
  }

  #usage(details: Fields | undefined): void {
    const counted = usageOf(countsOf(details), this.#asked.prompt);
    if (counted === undefined) return;
    const { usage, isGuessed } = counted;
    this.#sink.usage(usage, isGuessed);
    // What is guessed is for our books, and no client is told that it was counted.
    if (!isGuessed) this.#sink.event({ type: "usage", usage, latencyMs: undefined, serviceTier: undefined });
  }

  #read(step: () => void): void {
    if (this.#over) return;
    try {
      step();
    } catch (error) {
      if (error instanceof ReplyFault)
        this.#fail({ kind: "status", charged: this.#hasTokens, message: error.message });
      else this.#fail({ kind: "protocol", message: "the upstream's stream cannot be read", bug: error });
    }
  }

  #fail(failure: AttemptFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.fail(failure);
  }
}

/** What a line says; undefined where it is empty, a comment or a field of an event that is no data. */
function payloadOf(line: string): string | undefined {
  const text = line.trim();
  if (text === "" || NOTHING.test(text)) return undefined;
  return text.startsWith("data:") ? text.slice("data:".length).trim() : text;
}
