import type { ChatRequest, Inexpressible } from "../../core/chat.ts";
import { Losses } from "../conversation/losses.ts";
import type { ChatTemplateName } from "./chat-template.ts";
import { cannotSay } from "./cannot-say.ts";
import { TEMPLATES, type Template, type TurnText } from "./templates.ts";
import { partsText } from "./turn-text.ts";

export interface Prompt {
  /** Without the token of the beginning: engines add it when they tokenise. */
  readonly prompt: string;
  /** What ends the model's turn: belongs to the request's stop sequences, and is cut from the answer (`StopText`). */
  readonly stop: readonly string[];
  /** What an answer begins with that is the template's and not the answer's; maybe nothing. */
  readonly lead: string;
  readonly inexpressible: readonly Inexpressible[];
}

/**
 * The conversation as one text, for models that take no messages. An assistant's message at the end is gone on with.
 * Thoughts are left out, and so are cache points, which such engines set themselves.
 *
 * What a client wrote never makes a token of the template: text in which one stands is inexpressible, because it could
 * forge a turn, and to break it up would change the text in silence.
 *
 * `top_k`, `others`, `stop` and the limits of output are parameters, which the caller writes.
 */
export function writePrompt(chat: ChatRequest, templateName: ChatTemplateName): Prompt {
  const template = TEMPLATES[templateName];
  const losses = new Losses();
  cannotSay(chat, losses);
  const turns = readTurns(chat, losses);
  for (const { place, text } of turns) refuseControl(text, place, template, templateName, losses);
  const continues = turns.at(-1)?.role === "assistant";
  return {
    prompt: write(turns, template),
    stop: template.stop,
    lead: continues ? "" : template.lead,
    inexpressible: losses.list,
  };
}

interface PlacedTurn extends TurnText {
  /** Where it stands in the client's request. */
  readonly place: string;
}

function readTurns(chat: ChatRequest, losses: Losses): PlacedTurn[] {
  const turns: PlacedTurn[] = [];
  const system = partsText(chat.system, losses);
  if (system !== "") turns.push({ role: "system", text: system, place: "system" });
  for (const [index, { role, parts }] of chat.messages.entries()) {
    const text = partsText(parts, losses);
    // A user may say nothing; instructions and an assistant that only thought have no turn.
    if (text !== "" || role === "user") turns.push({ role, text, place: `messages.${index}` });
  }
  return turns;
}

function refuseControl(
  text: string,
  place: string,
  { control }: Template,
  name: ChatTemplateName,
  losses: Losses,
): void {
  const found = control.exec(text)?.[0];
  if (found === undefined) return;
  losses.refuse(
    place,
    `holds the control token ${JSON.stringify(found)} of the chat template "${name}", which could forge a turn: write it otherwise`,
  );
}

function write(placed: readonly PlacedTurn[], template: Template): string {
  const turns = settle(placed, template);
  const last = turns.at(-1);
  const begun = last?.role === "assistant" ? last.text : undefined;
  const whole = begun === undefined ? turns : turns.slice(0, -1);
  const written = whole.map((turn) =>
    template.turn(template.trims ? { ...turn, text: turn.text.trim() } : turn),
  );
  const text = written.join("") + template.open(template.trims ? (begun ?? "").trimStart() : (begun ?? ""));
  return text.startsWith(template.begin) ? text.slice(template.begin.length) : text;
}

/** The turns as the template can have them. */
function settle(turns: readonly TurnText[], template: Template): readonly TurnText[] {
  if (template.system === "turn" && !template.alternates) return turns;
  const leading = turns.findIndex(({ role }) => role !== "system");
  const first = leading === -1 ? turns.length : leading;
  const system = turns
    .slice(0, first)
    .map(({ text }) => text)
    .join("\n\n");
  // Later instructions keep their place, in the user's words.
  const merged = alternating(
    turns.slice(first).map((turn) => (turn.role === "system" ? { ...turn, role: "user" } : turn)),
  );
  if (system === "") return merged;
  const at = template.system === "last-user" ? merged.findLastIndex(isUser) : 0;
  return merged.map((turn, index) =>
    index === at ? { role: "user", text: template.instructed(system, turn.text) } : turn,
  );
}

/** Turns of one role as one, and a user's before all others. */
function alternating(turns: readonly TurnText[]): TurnText[] {
  const merged: TurnText[] = [];
  for (const turn of turns) {
    const last = merged.at(-1);
    if (last?.role === turn.role)
      merged[merged.length - 1] = { role: turn.role, text: `${last.text}\n\n${turn.text}` };
    else merged.push(turn);
  }
  return merged[0]?.role === "user" ? merged : [{ role: "user", text: "" }, ...merged];
}

function isUser({ role }: TurnText): boolean {
  return role === "user";
}
