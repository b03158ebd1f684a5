import type { BodyForm } from "../models/model.ts";
import { ANTHROPIC } from "./anthropic.ts";
import type { Form } from "./form.ts";
import { NOVA } from "./nova.ts";
import { OPENAI } from "./openai.ts";
import { LLAMA, MISTRAL_PROMPT } from "./prompt-forms.ts";

/** The forms of the models that answer in words. */
export const FORMS: Partial<Record<BodyForm, Form>> = {
  anthropic: ANTHROPIC,
  nova: NOVA,
  llama: LLAMA,
  "mistral-prompt": MISTRAL_PROMPT,
  openai: OPENAI,
};
