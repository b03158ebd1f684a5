import { parseArgs } from "node:util";
import { CHAT_FRAMES } from "../src/catalog/chat-frame.ts";
import { chatTexts } from "../src/catalog/chat-tokens.ts";
import { familyCounter } from "../src/catalog/count-tokens.ts";
import { tokenFamilyOf, TOKEN_FAMILIES, type TokenFamily } from "../src/catalog/token-family.ts";
import { recordedCounts, type RecordedCount } from "./token-counts/recorded-counts.ts";

/**
 * Counts recorded chats as the gateway does and compares with what their providers reported: `node
 * scripts/measure-token-counts.ts [--each] folder...`, each a folder of VCR cassettes. Prints the tables of
 * docs/guides/token-counting.md. Requests that are recorded several times count once.
 */
interface Compared {
  readonly record: RecordedCount;
  readonly family: TokenFamily;
  readonly kind: Kind;
  readonly counted: number;
  readonly reported: number;
}

type Kind =
  | "input, text alone"
  | "input with tools or a schema"
  | "output, text alone"
  | "output with calls or thoughts";

const { values, positionals } = parseArgs({ options: { each: { type: "boolean" } }, allowPositionals: true });
const compared: Compared[] = [];
for (const record of withoutRepeats(positionals.flatMap(recordedCounts)))
  compared.push(...(await compare(record)));
if (values.each === true)
  for (const { record, family, kind, counted, reported } of compared)
    console.log(`${record.file} | ${record.model} | ${family} | ${kind} | ${counted} of ${reported}`);
console.log("| family | what | n | tokens reported | mean error | median of absolute errors | worst |");
console.log("|---|---|--:|--:|--:|--:|--:|");
const order = Object.keys(TOKEN_FAMILIES);
compared.sort((a, b) => order.indexOf(a.family) - order.indexOf(b.family) || a.kind.localeCompare(b.kind));
for (const rows of Map.groupBy(compared, ({ family, kind }) => `${family}\n${kind}`).values())
  console.log(lineOf(rows));

async function compare(record: RecordedCount): Promise<Compared[]> {
  const family = tokenFamilyOf(record.model);
  const count = await familyCounter(family);
  const total = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + count(text), 0);
  const { texts, added, certain } = chatTexts(record.chat, family);
  const all: Compared[] = [];
  if (certain) {
    const isPlain = record.chat.tools.length === 0 && record.chat.output === undefined;
    all.push({
      record,
      family,
      kind: isPlain ? "input, text alone" : "input with tools or a schema",
      counted: total(texts) + added,
      reported: record.inputTokens,
    });
  }
  const { output } = record;
  // Where nothing is shown of the thoughts, nothing can be counted of them.
  if (output !== undefined && !(output.hasReasoning && family.startsWith("openai"))) {
    const { reply, replyCall } = CHAT_FRAMES[family];
    all.push({
      record,
      family,
      kind:
        output.calls === 0 && !output.hasReasoning ? "output, text alone" : "output with calls or thoughts",
      counted: total(output.texts) + reply + replyCall * output.calls,
      reported: output.tokens,
    });
  }
  return all;
}

function withoutRepeats(records: readonly RecordedCount[]): RecordedCount[] {
  const seen = new Map(
    records.map((record) => [
      JSON.stringify([record.model, record.chat, record.inputTokens, record.output]),
      record,
    ]),
  );
  return [...seen.values()];
}

function lineOf(rows: readonly Compared[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const errors = rows.map(({ counted, reported }) => counted / reported - 1);
  const absolute = errors.map(Math.abs).toSorted((a, b) => a - b);
  const middle = absolute.length / 2;
  const median = ((absolute[Math.ceil(middle) - 1] ?? 0) + (absolute[Math.floor(middle)] ?? 0)) / 2;
  const worst = rows.toSorted((a, b) => errorOf(b) - errorOf(a))[0] ?? first;
  const tokens = rows.reduce((sum, { reported }) => sum + reported, 0);
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const cells = [
    TOKEN_FAMILIES[first.family].title,
    first.kind,
    rows.length,
    tokens,
    `${mean >= 0 ? "+" : "−"}${percent(Math.abs(mean))}`,
    percent(median),
    `${worst.counted} for ${worst.reported}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function errorOf({ counted, reported }: Compared): number {
  return Math.abs(counted / reported - 1);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
