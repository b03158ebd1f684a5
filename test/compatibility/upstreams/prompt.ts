import type { Turn } from "./model.ts";
import { refuse } from "./api.ts";

/** Special tokens of a model's own form of conversation, by which it reads a prompt. */
export interface PromptForm {
  /** A turn's role and text. */
  readonly turn: RegExp;
  /** What must stand at the end, for the model to go on from. */
  readonly open: string;
  readonly stop: string;
}

export const CHATML: PromptForm = {
  turn: /<\|im_start\|>(\w+)\n([^]*?)<\|im_end\|>\n/gy,
  open: "<|im_start|>assistant\n",
  stop: "<|im_end|>",
};

export const LLAMA3: PromptForm = {
  turn: /<\|start_header_id\|>(\w+)<\|end_header_id\|>\n\n([^]*?)<\|eot_id\|>/gy,
  open: "<|start_header_id|>assistant<|end_header_id|>\n\n",
  stop: "<|eot_id|>",
};

/** The conversation in a prompt, to the last sign of it. */
export function readPrompt(
  prompt: string,
  { turn, open }: PromptForm,
): { readonly system: string[]; readonly turns: Turn[] } {
  const turns: Turn[] = [];
  let end = 0;
  for (const found of prompt.matchAll(turn)) {
    const [all, role = "", text = ""] = found;
    end = found.index + all.length;
    turns.push({ role: role as Turn["role"], parts: [{ type: "text", text }] });
  }
  refuse(prompt.slice(end) === open, "the prompt is not in the form that this model was trained on");
  const first = turns.findIndex(({ role }) => role !== "system");
  const system = turns
    .slice(0, first)
    .flatMap(({ parts }) => parts.map((part) => ("text" in part ? part.text : "")));
  return { system, turns: turns.slice(first) };
}
