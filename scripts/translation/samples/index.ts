import type { Dialect } from "../../../src/core/wire.ts";
import { ANTHROPIC } from "./anthropic.ts";
import { BEDROCK } from "./bedrock.ts";
import { OPENAI } from "./openai.ts";
import { RESPONSES } from "./responses.ts";
import type { DialectSamples } from "./sample.ts";

export const SAMPLES: Readonly<Record<Dialect, DialectSamples>> = {
  openai: OPENAI,
  responses: RESPONSES,
  anthropic: ANTHROPIC,
  bedrock: BEDROCK,
};
