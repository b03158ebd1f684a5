import { ERRORS, type ErrorRow } from "../../src/core/errors.ts";

/** docs/reference/errors.md, from the table in src/core/errors.ts. */
export function errorsReference(): string {
  const rows = Object.entries<ErrorRow>(ERRORS);
  const table = rows.map(
    ([code, row]) =>
      `| \`${code}\` | ${row.status} | \`${row.anthropic.type}\` ${statusNote(row.anthropic.status, row)} | \`${row.bedrock.exception}\` ${statusNote(row.bedrock.status, row)} | ${row.when} | ${row.fix} |`,
  );
  return `# Errors

Every error comes in the client's own dialect. A body of ours carries the exchange's id, and its message says what happened and
what to do; so does the header \`x-switchyard-exchange\` of every reply. In mid-stream the dialect's own
error event comes, and then no normal end.

An upstream's own 4xx about the request itself reaches the client with its status and message. Its 401, 402 and 403 are
about our account and become \`upstream_error\`; its throttle, when no other target is left, becomes \`rate_limited\` with
its \`retry-after\`.

In the OpenAI dialect the code is \`error.code\`, and \`error.exchange\` is the exchange's id. The control API answers
\`application/problem+json\` with the same codes.

| code | HTTP | Anthropic \`error.type\` | Bedrock exception | when | what to do |
|---|---|---|---|---|---|
${table.map((line) => line.replaceAll("  ", " ").replaceAll("` |", "` |")).join("\n")}
`;
}

function statusNote(status: number, row: ErrorRow): string {
  return status === row.status ? "" : `(${status})`;
}
