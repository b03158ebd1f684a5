import { DIALECTS } from "../../src/core/wire.ts";
import { SAMPLES } from "../translation/samples/index.ts";
import { replyRows } from "../translation/replies.ts";
import { upstreamsFor } from "../translation/upstreams.ts";
import { verdictOf, type Verdict } from "../translation/verdicts.ts";

const SHOWN: Readonly<Record<Verdict, string>> = {
  passed: "passed",
  translated: "translated",
  dropped: "dropped by policy",
  told: "left out, told",
  refused: "**refused**",
  none: "no effect",
};

/** docs/reference/translation.md, found by translating a sample of each field. */
export function translationReference(): string {
  return `# Translation

Where client and upstream speak the same dialect, bytes pass. Between two dialects a request is read into a form that is in none
and written from it; every cell below was found by translating a request that has the field, and a test finds them again.

- **passed**: the bytes go on as they came
- **translated**: the upstream is asked for the same in its own way
- **dropped by policy**: the target's \`unsupported\` decides: \`refuse\` (the default) refuses the request with
  \`unsupported_parameter\`, \`drop\` leaves the field out, or sends the nearest, and names it in \`x-switchyard-dropped-params\`
- **left out, told**: left out or moved, and named in \`x-switchyard-dropped-params\`, whatever the
  policy: the answer is the same, at another cost or told in other pieces
- **refused**: with \`unsupported_parameter\` whatever the policy, because the request would mean something else without it; the next
  target of the route is tried first
- **no effect**: the upstream does it by itself or has no use for it, and the request means the same

Claude stands for claude-sonnet-4-6 here; what models of one maker can do differs, and is data in \`src/catalog\`.
${DIALECTS.map(section).join("\n")}
## Replies
What comes back, as each client reads it. Text is text everywhere; calls have their names, ids and arguments to the last digit;
thoughts are \`reasoning_content\` with \`thinking_blocks\` (chat completions), reasoning items with \`encrypted_content\` (Responses),
\`thinking\` blocks (Messages), \`reasoningContent\` (Converse), with the signatures that send them back.

${table(
  ["", ...DIALECTS.map((dialect) => SAMPLES[dialect].title)],
  replyRows().map(({ what, told }) => [what, ...told]),
)}
`;
}

function section(dialect: (typeof DIALECTS)[number]): string {
  const { title, samples, handled } = SAMPLES[dialect];
  const upstreams = upstreamsFor(dialect);
  const head = ["from the client", ...upstreams.map((upstream) => upstream.title)];
  const rows = samples.map((sample) => [
    `\`${sample.field}\``,
    ...upstreams.map((upstream) => SHOWN[verdictOf(dialect, sample, upstream)]),
  ]);
  const others = handled.map(({ field, how }) => `| \`${field}\` | ${how} |`).join("\n");
  return `
## From ${title}

${table(head, rows)}

| field | what becomes of it everywhere |
|---|---|
${others}
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
