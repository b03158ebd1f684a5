import type { App } from "../../app.ts";
import { CannotError, EXIT, UsageError, dataOption, type Command, type Input, type Io } from "../command.ts";
import { dataWords } from "../data-words.ts";
import { version } from "../version.ts";
import { readFault } from "./check.ts";

/** A second Ctrl-C within this many milliseconds is the same one: a terminal signals npm and us, and npm passes it on. */
const SAME_SIGNAL_MS = 1_000;

export const up: Command = {
  name: "up",
  summary: "Serve: the gateway, its control API and its pages.",
  details:
    "Without --config it serves the demo: simulated engines, a tenant, a key printed once. With one it serves what the file says, and reads it again whenever it changes. Ctrl-C lets what is under way end.",
  options: {
    config: { type: "string", value: "FILE", describe: "The configuration; the demo where none is named." },
    data: dataOption,
    host: { type: "string", value: "HOST", describe: "Listen here, whatever server.listen says." },
    port: {
      type: "string",
      value: "PORT",
      describe: "Listen here, whatever server.listen says; 0 takes a free port.",
    },
    json: { type: "boolean", describe: "Make every line JSON." },
  },

  async run(input, io) {
    const { loadConfig, ConfigRefused } = await import("../../config/load.ts");
    const configFile = input.text("config");
    const data = input.text("data") ?? "";
    let loaded: ReturnType<typeof loadConfig>;
    try {
      loaded = loadConfig(configFile);
    } catch (error) {
      if (!(error instanceof ConfigRefused))
        throw new CannotError(readFault(configFile ?? "", error as NodeJS.ErrnoException));
      io.err(
        `${error.faults.join("\n")}\nnot started: the configuration has ${error.faults.length} ${error.faults.length === 1 ? "fault" : "faults"}`,
      );
      return EXIT.cannot;
    }
    const [{ startApp }, { guardData }, { loadAdminToken }, { createLog }] = await Promise.all([
      import("../../app.ts"),
      import("../../storage/data-guard.ts"),
      import("../../control/admin-token.ts"),
      import("../../telemetry/log.ts"),
    ]);
    const log = createLog(input.flag("json") ? "json" : "text", (line) => process.stderr.write(line));
    const guard = await guardData(data);
    try {
      const listen = {
        host: input.text("host") ?? loaded.config.server.listen.host,
        port: portOf(input) ?? loaded.config.server.listen.port,
      };
      if (!input.flag("json")) io.err(`Switchyard ${version()} starts on ${data}`);
      const adminToken = await loadAdminToken(data);
      const app = await startApp({
        configFile,
        loaded,
        data,
        listen,
        adminToken,
        log,
        version: version(),
      });
      await announce(app, { demo: configFile === undefined, data, json: input.flag("json") }, io);
      await untilSignal(app, io, input.flag("json"));
      return EXIT.done;
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "EADDRINUSE"
        ? new CannotError(
            `${(error as Error).message}: the port is taken; choose another (--port, server.listen, server.control.listen), or stop what listens there`,
          )
        : error;
    } finally {
      await guard.release();
    }
  },
};

function portOf(input: Input): number | undefined {
  const text = input.text("port");
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port: "${text}" is no port; write 0 to 65535`);
  return port;
}

interface Announcement {
  readonly demo: boolean;
  readonly data: string;
  readonly json: boolean;
}

async function announce(app: App, how: Announcement, io: Io): Promise<void> {
  const { writeFile, rename, rm } = await import("node:fs/promises");
  const path = await import("node:path");
  const file = path.join(how.data, "server.json");
  const facts = {
    url: app.url,
    pid: process.pid,
    startedAt: new Date().toISOString(),
    version: version(),
    ...(app.controlUrl !== undefined && { control: app.controlUrl }),
    ...(app.tlsAuthority !== undefined && { tlsAuthority: app.tlsAuthority }),
  };
  await writeFile(`${file}.new`, JSON.stringify(facts), { mode: 0o600 });
  await rename(`${file}.new`, file);
  app.onStopped(() => rm(file, { force: true }));

  if (how.demo) await announceDemo(app, how, io);
  if (app.tlsAuthority !== undefined && !how.json) io.out(`certificate authority ${app.tlsAuthority}`);
  io.out(how.json ? JSON.stringify({ event: "ready", ...facts }) : `ready ${app.url}`);
  app.announced();
}

async function announceDemo(app: App, how: Announcement, io: Io): Promise<void> {
  const [{ DEMO_TENANT, DEMO_MODEL }, { snippets }] = await Promise.all([
    import("../../config/demo.ts"),
    import("../../control/snippets.ts"),
  ]);
  const present = (await app.keys.list()).find((key) => key.tenant === DEMO_TENANT && key.revokedAt === null);
  const command = `npm run -s switchyard -- keys create --tenant ${DEMO_TENANT}${dataWords(how.data)}`;
  if (present !== undefined) {
    if (how.json) return;
    return io.out(
      `The demo: simulated engines, tenant "${DEMO_TENANT}". Its key ${present.prefix}… was printed at the first start; another one: ${command}\n`,
    );
  }
  const { key } = await app.keys.create({ tenant: DEMO_TENANT, name: "demo" });
  if (how.json) return io.out(JSON.stringify({ event: "key", tenant: DEMO_TENANT, key }));
  const { curl, openai } = snippets(app.url, key, DEMO_MODEL);
  io.out(`The demo: simulated engines, tenant "${DEMO_TENANT}"; nothing leaves this machine.

key ${key}
(shown only now; another one: ${command})

Try it:

${curl}

or with the OpenAI SDK (npm i openai; save as hello.mjs; node hello.mjs):

${openai}

Then, in another terminal: what it cost, and why it went where it did:

npm run -s switchyard -- usage${dataWords(how.data)}
npm run -s switchyard -- explain <x-switchyard-exchange of a reply>${dataWords(how.data)}
`);
}

/** Serves until SIGINT or SIGTERM; a second signal does not wait for what is under way. */
async function untilSignal(app: App, io: Io, json: boolean): Promise<void> {
  process.on("SIGHUP", () => app.reload());
  const signalled = new Promise<void>((resolve) => {
    let first = 0;
    const onSignal = (): void => {
      const now = performance.now();
      if (first === 0) {
        first = now;
        resolve();
      } else if (now - first > SAME_SIGNAL_MS) {
        io.err("stopped without waiting");
        process.exit(EXIT.cannot);
      }
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
  await signalled;
  if (!json) io.err("stopping: no new exchanges; those under way may end (Ctrl-C again to stop at once)");
  await app.stop();
}
