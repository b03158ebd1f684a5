import { chat, type Model } from "./model.ts";

const NOVA: Partial<Model> = {
  body: "nova",
  s3: true,
  keepsStopSequence: true,
  maxOutputTokens: 10_000,
  countsTokens: false,
};

/** Amazon's own chat models. */
export const AMAZON: readonly Model[] = [
  chat("amazon.nova-micro-v1:0", "Nova Micro", {
    ...NOVA,
    scopes: ["us", "eu", "apac"],
    cache: { minimumTokens: 1_536, oneHour: false },
  }),
  chat("amazon.nova-lite-v1:0", "Nova Lite", {
    ...NOVA,
    scopes: ["us", "eu", "apac", "ca"],
    contextTokens: 300_000,
    media: ["image", "document", "video"],
    cache: { minimumTokens: 1_536, oneHour: false },
  }),
  chat("amazon.nova-pro-v1:0", "Nova Pro", {
    ...NOVA,
    scopes: ["us", "eu", "apac"],
    contextTokens: 300_000,
    media: ["image", "document", "video"],
    cache: { minimumTokens: 1_024, oneHour: false },
    optimizedLatency: true,
  }),
  chat("amazon.nova-premier-v1:0", "Nova Premier", {
    ...NOVA,
    scopes: ["us"],
    onDemand: false,
    contextTokens: 1_000_000,
    media: ["image", "document", "video"],
    cache: { minimumTokens: 1_024, oneHour: false },
  }),
  chat("amazon.nova-2-lite-v1:0", "Nova 2 Lite", {
    ...NOVA,
    scopes: ["us", "eu", "jp", "global"],
    onDemand: false,
    contextTokens: 1_000_000,
    maxOutputTokens: 65_536,
    media: ["image", "document", "video"],
    cache: { minimumTokens: 1_536, oneHour: false },
    reasoning: "level",
  }),
];
