import type { UsageRow, UsageTotal } from "../../control/contract.ts";
import { formatUsd } from "../../core/money.ts";
import { EXIT, UsageError, dataOption, jsonOption, type Command } from "../command.ts";
import { configOption, openControl } from "../control-access.ts";
import { table } from "../table.ts";
import { whereOf, whereOption } from "../where.ts";

const FIGURES = [
  "exchanges",
  "answered",
  "refused",
  "failed",
  "abandoned",
  "killed",
  "inputTokens",
  "cachedInputTokens",
  "cacheWriteInputTokens",
  "outputTokens",
  "reasoningTokens",
  "costNano",
  "costUsd",
  "estimated",
  "estimatedCostNano",
  "cacheSavedNano",
  "flagged",
] as const;

const HEADS = [
  "EXCHANGES",
  "NOT ANSWERED",
  "INPUT",
  "CACHED",
  "OUTPUT",
  "COST USD",
  "ESTIMATED USD",
  "CACHE SAVED USD",
];

export const usage: Command = {
  name: "usage",
  summary: "What exchanges add up to: counts, tokens, cost, by any words.",
  details:
    "Rows are dearest first. Costs are exact; the part that no upstream reported stands under ESTIMATED. Times are UTC.",
  options: {
    by: {
      type: "string",
      value: "WORDS",
      default: "tenant",
      describe:
        "Words, separated by commas: tenant, user, app, feature, workflow, journey, task, latency, sensitivity, prompt, key, target, provider, model, dialect, operation, status, code, hour, day, month.",
    },
    since: {
      type: "string",
      value: "TIME",
      default: "24h",
      describe: "RFC 3339, or a span back from now such as 15m, 24h, 30d.",
    },
    until: { type: "string", value: "TIME", describe: "The same; now where absent." },
    where: whereOption,
    limit: { type: "string", value: "N", default: "1000", describe: "Rows at most; the rest is one line." },
    csv: {
      type: "boolean",
      describe: "Print CSV; cells that a spreadsheet would take for formulas begin with '.",
    },
    config: configOption,
    data: dataOption,
    json: jsonOption,
  },

  async run(input, io) {
    if (input.flag("csv") && input.flag("json")) throw new UsageError("choose one of --csv and --json");
    const by = (input.text("by") ?? "").split(",").map((word) => word.trim());
    const where = whereOf(input.texts("where"));
    const control = await openControl({
      data: input.text("data") ?? "",
      configFile: input.text("config"),
      mayCreate: false,
    });
    try {
      const answer = await control.call("getUsage", {
        query: {
          by: by.join(","),
          since: input.text("since"),
          until: input.text("until"),
          limit: input.text("limit"),
          ...where,
        },
      });
      if (input.flag("json")) io.out(JSON.stringify(answer));
      else if (input.flag("csv")) io.out(await csvOf(by, answer.rows));
      else if (answer.total.exchanges === 0)
        io.err(`no exchanges between ${answer.since} and ${answer.until}; --since reaches further back`);
      else io.out(tableOf(by, answer));
      if (answer.lagSeconds > 1)
        io.err(
          `records of the last ${Math.ceil(answer.lagSeconds)} s are still on their way and not in these figures`,
        );
      if (answer.rest !== null && input.flag("csv"))
        io.err(`${answer.rest.groups} more rows are left out; --limit shows them`);
      return EXIT.done;
    } finally {
      await control.close();
    }
  },
};

interface Answer {
  readonly rows: readonly UsageRow[];
  readonly total: UsageTotal;
  readonly rest: (UsageTotal & { readonly groups: number }) | null;
}

function tableOf(by: readonly string[], { rows, total, rest }: Answer): string {
  const blanks = by.slice(1).map(() => "");
  const lines = rows.map((row) => [
    ...by.map((word) => (row as Record<string, unknown>)[word] as string | null).map((value) => value ?? "-"),
    ...figures(row),
  ]);
  if (rest !== null) lines.push([`(${rest.groups} more)`, ...blanks, ...figures(rest)]);
  if (rows.length > 1 || rest !== null) lines.push(["TOTAL", ...blanks, ...figures(total)]);
  return table([...by.map((word) => word.toUpperCase()), ...HEADS], lines, new Set(HEADS));
}

function figures(sums: UsageTotal): string[] {
  const isEstimated = sums.estimatedCostNano !== "0";
  return [
    String(sums.exchanges),
    String(sums.exchanges - sums.answered),
    String(sums.inputTokens),
    String(sums.cachedInputTokens),
    String(sums.outputTokens),
    sums.costUsd,
    isEstimated ? formatUsd(BigInt(sums.estimatedCostNano)) : "-",
    sums.cacheSavedNano === "0" ? "-" : formatUsd(BigInt(sums.cacheSavedNano)),
  ];
}

async function csvOf(by: readonly string[], rows: readonly UsageRow[]): Promise<string> {
  const { stringify } = await import("csv-stringify/sync");
  return stringify([...rows], {
    header: true,
    columns: [...by, ...FIGURES],
    escape_formulas: true,
    quote_record_delimiter: true,
  }).trimEnd();
}
