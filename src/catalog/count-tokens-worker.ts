import { parentPort } from "node:worker_threads";
import { familyCounter, type CountText } from "./count-tokens.ts";
import type { CountRequest, CountAnswer } from "./token-counter.ts";
import type { TokenFamily } from "./token-family.ts";

const counters = new Map<TokenFamily, Promise<CountText>>();

parentPort?.on("message", (request: CountRequest) => void answer(request));

async function answer({ id, texts, family }: CountRequest): Promise<void> {
  let counter = counters.get(family);
  if (counter === undefined) counters.set(family, (counter = familyCounter(family)));
  const count = await counter;
  parentPort?.postMessage({ id, counts: texts.map(count) } satisfies CountAnswer);
}
