import { parentPort } from "node:worker_threads";
import { countTokens } from "./count-tokens.ts";
import type { CountRequest, CountAnswer } from "./token-counter.ts";

parentPort?.on("message", ({ id, texts }: CountRequest) => {
  parentPort?.postMessage({ id, counts: texts.map(countTokens) } satisfies CountAnswer);
});
