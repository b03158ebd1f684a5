import { readFile } from "node:fs/promises";
import path from "node:path";
import { startBedrockEmulator } from "../../src/emulator/index.ts";
import { awsPair } from "../../src/policy/aws-pair.ts";
import { Engine } from "../support/engine.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { ROOT } from "../support/process.ts";
import { answering } from "./answers.ts";
import { fenceOf } from "./page.ts";

export const PAGES = path.join(ROOT, "docs/guides/clients");

/** What the pages assume, over real sockets: the configuration that README.md shows, an emulator and an engine. */
export interface Lab extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** What the pages' programs find in their environment. */
  readonly env: Readonly<Record<string, string>>;
}

const UPSTREAM = { accessKeyId: "AKIAUPSTREAMDOCS", secretAccessKey: "upstream-secret-of-the-pages" };
/** The addresses that the pages' configuration names. */
const EMULATOR = "http://127.0.0.1:4566";
const ENGINE = "http://127.0.0.1:8000/v1";

export async function startLab(): Promise<Lab> {
  process.env["AWS_ACCESS_KEY_ID"] = UPSTREAM.accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = UPSTREAM.secretAccessKey;
  for (const name of ["AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE"])
    delete process.env[name];
  const yaml = fenceOf(await readFile(path.join(PAGES, "README.md"), "utf8"), "yaml");
  const emulator = await startBedrockEmulator({ credentials: UPSTREAM });
  const engine = await Engine.start(answering);
  const gateway = await startGateway(yaml.replace(EMULATOR, emulator.url).replace(ENGINE, engine.url));
  return {
    gateway,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      NO_PROXY: "127.0.0.1",
      PYTHONDONTWRITEBYTECODE: "1",
      SWITCHYARD_URL: gateway.url,
      SWITCHYARD_KEY: gateway.key,
      ...pairOf(gateway),
    },
    async [Symbol.asyncDispose]() {
      await emulator.close();
      await engine[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** What `keys create --aws` prints. */
function pairOf(gateway: TestGateway): Record<string, string> {
  const { record } = gateway.issue({ rights: { aws: true } });
  // The id does not depend on the pepper, which the ring alone knows.
  const { accessKeyId } = awsPair(record.id, Buffer.alloc(0));
  const { secret } = gateway.ring.signer(accessKeyId, Date.now());
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret };
}
