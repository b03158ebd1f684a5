import type { CheckedRequest, EmulatorOptions, RunningEmulator } from "../../emulator/index.ts";
import { CannotError, EXIT, UsageError, type Command, type Input, type Io } from "../command.ts";
import { table } from "../table.ts";

export const emulateBedrock: Command = {
  name: "emulate bedrock",
  summary: "Serve an emulator of the Amazon Bedrock runtime: no account, nothing leaves this machine.",
  details:
    "Takes what the AWS SDKs send, over HTTP/1.1 and HTTP/2 on one port, refuses what the service refuses, and answers with made-up text. Signatures are verified with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, API keys with AWS_BEARER_TOKEN_BEDROCK or the same pair. Ctrl-C ends it. With --check it serves nothing: it sends recorded requests to itself and tells where it answers otherwise than the service did; exit code 1 where it does.",
  options: {
    port: {
      type: "string",
      value: "PORT",
      default: "4566",
      describe: "Listen here; 0 takes a free port.",
    },
    host: { type: "string", value: "HOST", default: "127.0.0.1", describe: "Listen here." },
    region: {
      type: "string",
      value: "REGION",
      describe:
        "Refuse signatures, API keys and inference profiles of other Regions; any is good where absent.",
    },
    open: { type: "boolean", describe: "Take anyone, with any credentials or none." },
    recordings: {
      type: "string",
      value: "DIR",
      describe: "Give recorded replies (VCR cassettes) to the requests that they were given to.",
    },
    script: {
      type: "string",
      value: "FILE",
      describe: "YAML: faults, application inference profiles, quotas, latency, guardrails, answers.",
    },
    check: {
      type: "string",
      value: "DIR",
      describe: "Compare with the recordings of a folder instead of serving.",
    },
    json: { type: "boolean", describe: "Make every line JSON." },
  },

  async run(input, io) {
    const { startBedrockEmulator } = await import("../../emulator/index.ts");
    const folder = input.text("check");
    if (folder !== undefined) return compare(folder, input, io);
    const options = await optionsOf(input);
    const emulator = await startBedrockEmulator(options).catch((error: unknown) => {
      throw cannotStart(error as NodeJS.ErrnoException, options);
    });
    announce(emulator, options, input.flag("json"), io);
    await untilSignal();
    await emulator.close();
    return EXIT.done;
  },
};

async function optionsOf(input: Input): Promise<EmulatorOptions> {
  const { loadScript } = await import("../../emulator/script-file.ts");
  const { region, recordings, script } = {
    region: input.text("region"),
    recordings: input.text("recordings"),
    script: input.text("script"),
  };
  try {
    return {
      port: portOf(input),
      host: input.text("host") ?? "127.0.0.1",
      open: input.flag("open"),
      ...(region !== undefined && { region: checkedRegion(region) }),
      ...(recordings !== undefined && { recordings }),
      ...(script !== undefined && { script: loadScript(script) }),
    };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new CannotError((error as Error).message);
  }
}

function portOf(input: Input): number {
  const text = input.text("port") ?? "";
  const port = Number(text);
  if (text === "" || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port: "${text}" is no port; write 0 to 65535`);
  return port;
}

function checkedRegion(region: string): string {
  if (!/^[a-z]{2}(-[a-z]+)+-\d+$/.test(region))
    throw new UsageError(`--region: "${region}" is no Region; write one such as us-east-1`);
  return region;
}

function cannotStart(error: NodeJS.ErrnoException, { port, host }: EmulatorOptions): CannotError {
  if (error.code === "EADDRINUSE")
    return new CannotError(
      `port ${String(port)} is taken; choose another with --port, or stop what listens there`,
    );
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return new CannotError(`${String(host)} is no address of this machine; choose another with --host`);
  if (error.name === "NoCredentials")
    return new CannotError(
      "there is nothing to verify requests with; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK, or say --open",
    );
  return new CannotError(error.message);
}

function announce(
  { url, port }: RunningEmulator,
  { open, region }: EmulatorOptions,
  json: boolean,
  io: Io,
): void {
  if (json) return io.out(JSON.stringify({ event: "ready", url, port, pid: process.pid }));
  const who = open === true ? "anyone is taken" : "signatures and API keys are verified";
  io.err(
    `The Bedrock runtime, emulated; ${who}, ${region === undefined ? "any Region" : region}. For an SDK: AWS_ENDPOINT_URL_BEDROCK_RUNTIME=${url}`,
  );
  io.out(`ready ${url}`);
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

async function compare(folder: string, input: Input, io: Io): Promise<number> {
  const { startBedrockEmulator, checkRecordings } = await import("../../emulator/index.ts");
  await using emulator = await startBedrockEmulator({ open: true });
  const results = await checkRecordings(folder, emulator.url).catch((error: unknown) => {
    throw new CannotError((error as Error).message);
  });
  const different = results.filter(({ same }) => !same);
  const count = results.length - different.length;
  const verdict = different.length === 0 ? EXIT.done : EXIT.no;
  if (input.flag("json")) {
    io.out(JSON.stringify({ total: results.length, same: count, different }));
    return verdict;
  }
  if (different.length > 0)
    io.out(table(["FILE", "NO", "REQUEST", "RECORDED", "ANSWERED", "MESSAGE"], different.map(row)));
  io.out(`${count} of ${results.length} recorded requests got their recorded status and error class`);
  return verdict;
}

function row({ file, number, request, recorded, answered }: CheckedRequest): string[] {
  const of = ({ status, error }: CheckedRequest["recorded"]): string => `${status} ${error ?? ""}`.trim();
  return [
    file,
    String(number),
    request,
    of(recorded),
    of(answered),
    answered.message ?? recorded.message ?? "",
  ];
}
