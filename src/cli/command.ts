/** One command: what it is called, what it takes, what it does. Help and docs/reference/cli.md are made from this. */
export interface Command {
  /** One or two words, as typed. */
  readonly name: string;
  readonly summary: string;
  readonly details?: string;
  readonly positionals?: readonly Positional[];
  readonly options: Readonly<Record<string, Option>>;
  /** @returns the exit code: 0 done, 1 the answer is no */
  run(input: Input, io: Io): Promise<number>;
}

export interface Positional {
  readonly name: string;
  readonly required: boolean;
  readonly describe: string;
}

export interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** What stands for the value in help. */
  readonly value?: string;
  readonly default?: string;
  readonly describe: string;
}

export interface Input {
  readonly positionals: readonly string[];
  text(option: string): string | undefined;
  texts(option: string): readonly string[];
  flag(option: string): boolean;
}

/** stdout is data, stderr is talk: `--json | jq` must always work. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const EXIT = { done: 0, no: 1, usage: 2, cannot: 3 } as const;

/** It cannot be done here and now: exit code 3. */
export class CannotError extends Error {
  override readonly name: string = "CannotError";
}

/** What was named is not there. */
export class MissingError extends CannotError {
  override readonly name = "MissingError";
}

export const dataOption: Option = {
  type: "string",
  value: "DIR",
  default: ".switchyard",
  describe: "The data folder.",
};
export const jsonOption: Option = { type: "boolean", describe: "Print JSON." };
