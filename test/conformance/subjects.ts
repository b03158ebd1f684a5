import { bedrockOpenAiSubject, bedrockSubject } from "./bedrock.ts";
import { openAiCompatibleSubject } from "./openai-compatible.ts";
import { simulatorSubject } from "./simulator.ts";
import type { Subject } from "./subject.ts";

/** Every adapter. One that is in the registry and not here fails the kit. */
export const SUBJECTS: readonly Subject[] = [
  bedrockSubject,
  bedrockOpenAiSubject,
  openAiCompatibleSubject,
  simulatorSubject,
];
