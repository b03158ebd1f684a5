import assert from "node:assert/strict";
import type { Feature } from "../cell.ts";
import { WORDS } from "../material.ts";
import { command, ends, inspection, said, says } from "./words.ts";

const FIRST = "Answer in one sentence.";
const SECOND = 'Never shout: "quietly" is <better>.';

const plain: Feature = {
  name: "plain",
  title: "A plain answer",
  ask: (tag) => ({ messages: [command(tag, `echo ${WORDS}`)] }),
  check(seen, facts) {
    says(seen, WORDS, facts);
    ends(seen, facts);
  },
};

export const TEXT: readonly Feature[] = [
  plain,
  {
    ...plain,
    name: "stream",
    title: "A streamed answer",
    ask: (tag) => ({ ...plain.ask(tag, ""), stream: true }),
  },
  {
    name: "conversation",
    title: "A conversation of several turns",
    ask: (tag) => ({
      messages: [said("user", "One."), said("assistant", "Two."), command(tag, "inspect")],
    }),
    check(seen, facts) {
      const { turns } = inspection(seen, facts) ?? {};
      if (turns !== undefined) assert.deepEqual(turns, ["user: One.", "assistant: Two.", "user: inspect"]);
    },
  },
  {
    name: "system",
    title: "A system prompt",
    ask: (tag) => ({ system: [FIRST], messages: [command(tag, "inspect")] }),
    check(seen, facts) {
      const told = inspection(seen, facts);
      if (told !== undefined) assert.deepEqual(told.system, [FIRST]);
    },
  },
  {
    name: "two system prompts",
    title: "Two system prompts, one after the other",
    ask: (tag) => ({ system: [FIRST, SECOND], messages: [command(tag, "inspect")] }),
    check(seen, facts) {
      const told = inspection(seen, facts);
      // Where there is one text for them, both must be in it, in their order.
      const whole = told?.system.join("\n") ?? `${FIRST}${SECOND}`;
      assert.ok(whole.startsWith(FIRST) && whole.endsWith(SECOND), whole);
      assert.ok(whole.length <= FIRST.length + SECOND.length + 2, whole);
    },
  },
  {
    name: "system in the middle",
    title: "A system prompt in the middle of the conversation",
    ask: (tag) => ({
      system: [FIRST],
      messages: [
        said("user", "One."),
        said("assistant", "Two."),
        said("system", SECOND),
        command(tag, "inspect"),
      ],
    }),
    check(seen, facts) {
      const told = inspection(seen, facts);
      if (told === undefined) return;
      // In its place as a system prompt, told to the user's side, or in front with the others: but there.
      assert.equal(told.system[0]?.startsWith(FIRST), true);
      const all = [...told.system, ...told.later, ...told.turns].join("\n");
      assert.equal(all.split(SECOND).length, told.later.length === 0 ? 2 : 3, "it is not there once");
    },
  },
  {
    name: "developer prompt",
    title: "A prompt of the role `developer`",
    ask: (tag) => ({ system: [FIRST], systemRole: "developer", messages: [command(tag, "inspect")] }),
    check(seen, facts) {
      const told = inspection(seen, facts);
      if (told !== undefined) assert.deepEqual(told.system, [FIRST]);
    },
  },
];
