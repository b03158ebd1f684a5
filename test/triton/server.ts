import type http from "node:http";
import { Engine, plain, sse, type Script, type Seen } from "../support/engine.ts";

/** A request's body as the vLLM backend reads it; `sampling` is what it samples by. */
export interface VllmBody {
  readonly text_input: string;
  readonly stream: boolean;
  readonly exclude_input_in_output?: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly sampling: {
    readonly max_tokens: number;
    readonly stop: readonly string[];
    readonly [name: string]: unknown;
  };
}

export const INPUT_TOKENS = 9;

/** What the backend is about to say, a token a piece. */
export type Say = (body: VllmBody) => readonly string[];

export function vllmBody(request: Seen): VllmBody {
  const body = JSON.parse(request.raw.toString()) as Omit<VllmBody, "sampling"> & {
    sampling_parameters: string;
  };
  return { ...body, sampling: JSON.parse(body.sampling_parameters) as VllmBody["sampling"] };
}

/** An event of a stream, or a plain reply's body. */
export function answerJson(text: string, more: object = {}): string {
  return JSON.stringify({ model_name: "llm", model_version: "1", text_output: text, ...more });
}

export function event(text: string, more: object = {}): string {
  return `data: ${answerJson(text, more)}\n\n`;
}

/** Answers like Triton's vLLM backend, with token counts and reasons. */
export function vllm(say: Say = () => ["one ", "two ", "three ", "four ", "five"]): Script {
  return (request, response) => {
    const body = vllmBody(request);
    const { said, finish } = generate(say(body), body.sampling);
    if (request.path.endsWith("/generate")) return plain(response, 200, whole(said, finish));
    sse(response);
    for (const [index, piece] of said.entries()) {
      const isLast = index === said.length - 1;
      response.write(event(piece, counts(1, isLast ? finish : "None")));
    }
    response.end();
  };
}

/** Answers like TensorRT-LLM's ensemble: without counts or reasons, and the stop word in the text. */
export function trtllm(pieces: readonly string[]): Script {
  return (request, response) => {
    const more = { sequence_end: false, sequence_id: 0, sequence_start: false };
    if (request.path.endsWith("/generate")) return plain(response, 200, answerJson(pieces.join(""), more));
    sse(response);
    for (const piece of pieces) response.write(event(piece, more));
    response.end();
  };
}

function counts(tokens: number, finish: string): object {
  return { finish_reason: finish, num_input_tokens: INPUT_TOKENS, num_output_tokens: tokens };
}

function whole(said: readonly string[], finish: string): string {
  return answerJson(said.join(""), counts(said.length, finish));
}

/** Stops where vLLM stops: behind the token in which a stop sequence is complete, or at the limit. */
function generate(
  pieces: readonly string[],
  { max_tokens: most, stop }: VllmBody["sampling"],
): { readonly said: string[]; readonly finish: string } {
  const said: string[] = [];
  let text = "";
  for (const piece of pieces) {
    if (said.length === most) return { said, finish: "length" };
    said.push(piece);
    text += piece;
    if (stop.some((each) => text.includes(each))) break;
  }
  return { said, finish: "stop" };
}

/** The base address, without the `/v1` of engines that speak OpenAI. */
export function baseUrl(engine: Engine): string {
  return engine.url.replace(/\/v1$/, "");
}

/** Bytes as they are, in chunks of HTTP, or cut after some of them. */
export function bytes(body: Buffer, cutAt?: number): Script {
  return (_request: Seen, response: http.ServerResponse) => {
    sse(response);
    if (cutAt === undefined) return void response.end(body);
    response.flushHeaders();
    response.write(body.subarray(0, cutAt), () => setImmediate(() => response.destroy()));
  };
}
