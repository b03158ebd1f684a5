/** A parameter or part of a request, and a request that has it. */
export interface Sample {
  /** As the dialect calls it; its first part, up to a dot, bracket or blank, is the parameter. */
  readonly field: string;
  /** Laid over the dialect's least request. */
  readonly request: Readonly<Record<string, unknown>>;
  /** The same without the field, where the dialect's least request says too little. */
  readonly without?: Readonly<Record<string, unknown>>;
}

/** The gateway's own business, or at home on one provider: said once for a dialect and looked at nowhere else. */
export interface Handled {
  readonly field: string;
  readonly how: string;
}

export interface DialectSamples {
  readonly title: string;
  readonly least: Readonly<Record<string, unknown>>;
  readonly samples: readonly Sample[];
  readonly handled: readonly Handled[];
}

/** A picture of one pixel. */
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const PDF = Buffer.from("%PDF-1.4\n%%EOF\n").toString("base64");
export const WAV = Buffer.from("RIFF\0\0\0\0WAVEfmt ").toString("base64");
export const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
export const CONTEXT = "the gateway's: words are taken out, other entries are tags";

/** A message of the user, in the dialects of OpenAI and Anthropic. */
export const user = (content: unknown): object => ({ role: "user", content });
