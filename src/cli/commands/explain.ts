import type { DecisionInfo, ExchangeInfo } from "../../control/contract.ts";
import { CONTEXT_WORDS } from "../../core/context.ts";
import { EXIT, MissingError, UsageError, dataOption, jsonOption, type Command } from "../command.ts";
import { configOption, openControl, type ControlAccess } from "../control-access.ts";
import { printable, table } from "../table.ts";

export const explain: Command = {
  name: "explain",
  summary: "Tell what was decided about an exchange, why, and what its cost is made of.",
  positionals: [
    { name: "id", required: true, describe: "The exchange's id: x-switchyard-exchange of its reply." },
  ],
  options: { config: configOption, data: dataOption, json: jsonOption },

  async run(input, io) {
    const [id = ""] = input.positionals;
    if (id.endsWith(".json"))
      throw new UsageError("explaining a request before it is sent is not available yet");
    const control = await openControl({
      data: input.text("data") ?? "",
      configFile: input.text("config"),
      mayCreate: false,
    });
    try {
      const exchange = await control.call("getExchange", { params: { id } });
      const decision =
        exchange.decisionId === null ? null : await control.call("getDecision", { params: { id } });
      if (input.flag("json")) io.out(JSON.stringify({ exchange, decision }));
      else {
        const { costLines } = await import("../cost-lines.ts");
        const config = await configText(control, exchange.configHash);
        io.out(page(exchange, decision, costLines(exchange, config)));
      }
      return EXIT.done;
    } finally {
      await control.close();
    }
  },
};

/** The text of a configuration; undefined where it is not kept. */
async function configText(control: ControlAccess, hash: string): Promise<string | undefined> {
  try {
    return (await control.call("getConfigVersion", { params: { hash } })).text;
  } catch (error) {
    if (error instanceof MissingError) return undefined;
    throw error;
  }
}

function page(exchange: ExchangeInfo, decision: DecisionInfo | null, cost: readonly string[]): string {
  return [
    heading(exchange),
    facts(exchange),
    decision === null ? "Route: it was refused before a route was decided." : route(decision),
    attempts(exchange),
    ["Cost", ...cost].join("\n  "),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function heading(exchange: ExchangeInfo): string {
  const ms = Date.parse(exchange.endedAt) - Date.parse(exchange.startedAt);
  const first = exchange.firstTokenMs === null ? "" : `, first token after ${exchange.firstTokenMs} ms`;
  const why = exchange.code === null ? "" : `: ${exchange.code}`;
  const said = exchange.message === null ? "" : `\n  ${printable(exchange.message)}`;
  return `Exchange ${exchange.id} ${exchange.status === "failed" ? "failed" : `was ${exchange.status}`}${why} after ${ms} ms${first}.${said}`;
}

const SHOWN = ["tenant", ...CONTEXT_WORDS] as const;

function facts(exchange: ExchangeInfo): string {
  const words = SHOWN.flatMap((word) => {
    const value = exchange[word];
    return value === null ? [] : [`${word} ${printable(value)}`];
  });
  const tags = Object.entries(exchange.tags).map(([key, value]) => `${printable(key)}=${printable(value)}`);
  const rows = [
    ["began", exchange.startedAt],
    ["asked", `${exchange.dialect} ${exchange.operation}${exchange.stream ? ", streaming" : ""}`],
    ["about", words.length === 0 ? "nothing: it was refused before its context was known" : words.join(", ")],
    ...(tags.length === 0 ? [] : [["tags", tags.join(", ")]]),
    ["key", exchange.key ?? "none"],
    [
      "configuration",
      `${exchange.configHash.slice(0, 12)}   (switchyard config show ${exchange.configHash.slice(0, 12)})`,
    ],
  ];
  return rows.map(([name = "", value = ""]) => `  ${name.padEnd(14)} ${value}`).join("\n");
}

function route(decision: DecisionInfo): string {
  const owner = typeof decision["owner"] === "string" ? `, owned by ${printable(decision["owner"])}` : "";
  const rows = decision.candidates.map(({ target, tier, place, reason }) => [
    place === undefined ? "no" : String(place),
    target,
    tier,
    reason,
  ]);
  const head = `Route: the client asked for "${printable(decision.asked)}", a ${decision.as}${owner}; objective ${decision.objective}.`;
  return rows.length === 0 ? head : `${head}\n${indent(table(["PLACE", "TARGET", "TIER", "WHY"], rows))}`;
}

function attempts({ attempts: all, startedAt }: ExchangeInfo): string {
  if (all.length === 0) return "Attempts: none.";
  const rows = all.map((attempt) => [
    attempt.target,
    attempt.status,
    `+${Date.parse(attempt.startedAt) - Date.parse(startedAt)} ms`,
    attempt.firstTokenMs === null ? "-" : `${attempt.firstTokenMs} ms`,
    attempt.usage === null ? "-" : `${attempt.usage.inputTokens} in, ${attempt.usage.outputTokens} out`,
    attempt.cause ?? "",
  ]);
  return `Attempts\n${indent(table(["TARGET", "STATUS", "BEGAN", "FIRST TOKEN", "TOKENS", "CAUSE"], rows))}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
