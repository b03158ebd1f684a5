import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Dialect } from "../../../src/core/wire.ts";
import { ROOT } from "../../support/process.ts";
import { preparePython } from "../../support/python.ts";
import type { Client, ErrorTable } from "../client.ts";
import { NOT_CLAUDE } from "../clients/aws-invoke.ts";
import { Driver } from "./driver.ts";
import {
  ANTHROPIC,
  BOTO3,
  INSTRUCTOR_ANTHROPIC,
  INSTRUCTOR_OPENAI,
  LANGCHAIN_ANTHROPIC,
  LANGCHAIN_OPENAI,
  OPENAI,
  RESPONSES,
} from "./errors.ts";

/** What the pages of docs/guides/clients run with, so that one environment serves both. */
const REQUIREMENTS = path.join(ROOT, "test/docs/requirements.txt");

interface Row {
  /** As driver.py calls it. */
  readonly id: string;
  readonly name: string;
  readonly packages: readonly string[];
  readonly dialect: Dialect;
  readonly errors: ErrorTable;
  readonly notFor?: NonNullable<Client["notFor"]>;
  readonly hidesThoughts?: boolean;
}

const ROWS: readonly Row[] = [
  { id: "openai-chat", name: "openai (PyPI), chat", packages: ["openai"], dialect: "openai", errors: OPENAI },
  {
    id: "openai-responses",
    name: "openai (PyPI), responses",
    packages: ["openai"],
    dialect: "responses",
    errors: RESPONSES,
  },
  {
    id: "anthropic",
    name: "anthropic (PyPI)",
    packages: ["anthropic"],
    dialect: "anthropic",
    errors: ANTHROPIC,
  },
  { id: "boto3-converse", name: "boto3, Converse", packages: ["boto3"], dialect: "bedrock", errors: BOTO3 },
  {
    id: "boto3-invoke",
    name: "boto3, InvokeModel with Claude's body",
    packages: ["boto3"],
    dialect: "bedrock",
    errors: BOTO3,
    notFor: NOT_CLAUDE,
  },
  {
    id: "langchain-openai",
    name: "langchain-openai (PyPI), ChatOpenAI",
    packages: ["langchain-openai"],
    dialect: "openai",
    errors: LANGCHAIN_OPENAI,
    hidesThoughts: true,
  },
  {
    id: "langchain-openai-responses",
    name: "langchain-openai (PyPI), ChatOpenAI with responses",
    packages: ["langchain-openai"],
    dialect: "responses",
    errors: LANGCHAIN_OPENAI,
  },
  {
    id: "langchain-anthropic",
    name: "langchain-anthropic (PyPI), ChatAnthropic",
    packages: ["langchain-anthropic"],
    dialect: "anthropic",
    errors: LANGCHAIN_ANTHROPIC,
  },
  {
    id: "langchain-aws",
    name: "langchain-aws (PyPI), ChatBedrockConverse",
    packages: ["langchain-aws"],
    dialect: "bedrock",
    errors: BOTO3,
  },
  {
    id: "llama-index",
    name: "llama-index-llms-openai-like, OpenAILike",
    packages: ["llama-index-llms-openai-like"],
    dialect: "openai",
    errors: OPENAI,
    // It shows them, but never sends them back.
    hidesThoughts: true,
  },
  {
    id: "instructor-openai",
    name: "instructor over openai, tools",
    packages: ["instructor", "openai"],
    dialect: "openai",
    errors: INSTRUCTOR_OPENAI,
  },
  {
    id: "instructor-openai-json",
    name: "instructor over openai, JSON schema",
    packages: ["instructor", "openai"],
    dialect: "openai",
    errors: INSTRUCTOR_OPENAI,
  },
  {
    id: "instructor-anthropic",
    name: "instructor over anthropic, tools",
    packages: ["instructor", "anthropic"],
    dialect: "anthropic",
    errors: INSTRUCTOR_ANTHROPIC,
  },
];

/** The names of the clients below, also where there is no Python. */
export const PYTHON_NAMES: readonly string[] = ROWS.map(({ name }) => name);

/** The matrix's clients in Python, or one line that says what this machine lacks. */
export async function pythonClients(
  onProgress?: (line: string) => void,
): Promise<{ readonly clients: readonly Client[] } | { readonly missing: string }> {
  const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
  const prepared = await preparePython({
    requirements: REQUIREMENTS,
    place: path.join(ROOT, "node_modules/.cache/switchyard", `python-${hash}`),
    modules: ["openai", "anthropic", "boto3"],
    ...(onProgress && { onProgress }),
  });
  if ("missing" in prepared) return prepared;
  const driver = new Driver(prepared.python);
  return {
    clients: ROWS.map(({ id, ...shown }) => ({
      ...shown,
      ask: (where, ask) => driver.ask({ client: id, where, ask }),
      close: () => driver.close(),
    })),
  };
}
