import { anthropicSubject } from "./anthropic.ts";
import { bedrockOpenAiSubject, bedrockSubject } from "./bedrock.ts";
import { openAiCompatibleSubject } from "./openai-compatible.ts";
import { responsesOnlySubject } from "./openai-responses.ts";
import { sageMakerGenerateSubject, sageMakerPathSubject, sageMakerSubject } from "./sagemaker.ts";
import { simulatorSubject } from "./simulator.ts";
import type { Subject } from "./subject.ts";
import { tritonSubject } from "./triton.ts";

/** Every adapter. One that is in the registry and not here fails the kit. */
export const SUBJECTS: readonly Subject[] = [
  anthropicSubject,
  bedrockSubject,
  bedrockOpenAiSubject,
  openAiCompatibleSubject,
  responsesOnlySubject,
  sageMakerSubject,
  sageMakerPathSubject,
  sageMakerGenerateSubject,
  simulatorSubject,
  tritonSubject,
];
