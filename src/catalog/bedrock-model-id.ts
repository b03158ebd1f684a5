/** Prefixes of the profiles that spread a model over regions. The list is closed, because a vendor's name may be short. */
export const BEDROCK_PREFIXES = ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"] as const;

export type BedrockPrefix = (typeof BEDROCK_PREFIXES)[number];

const ARN_KINDS = [
  "foundation-model",
  "inference-profile",
  "application-inference-profile",
  "provisioned-model",
  "custom-model-deployment",
  "imported-model",
  "prompt",
  "prompt-router",
  "sagemaker-endpoint",
] as const;

export type BedrockArnKind = (typeof ARN_KINDS)[number];

/** What the `modelId` of a call to Bedrock says. */
export interface BedrockModelId {
  readonly prefix: BedrockPrefix | undefined;
  /**
   * Without prefix and without a suffix for a context length: `anthropic.claude-sonnet-4-5-20250929-v1:0`. Where the id
   * does not reveal the model, the id itself.
   */
  readonly canonical: string;
  /**
   * The same without the suffix of a first version (`-v1:0`, `-v1`, `-1:0`), which newer ids and those of bedrock-mantle
   * lack; what ids of one model have in common.
   */
  readonly base: string;
  /** `anthropic`; empty where the id does not reveal it. */
  readonly vendor: string;
  /** `200k` of `…-v1:0:200k`, a name of provisioned throughput. */
  readonly context: string | undefined;
  readonly arnKind: BedrockArnKind | undefined;
  readonly region: string | undefined;
  readonly account: string | undefined;
  /** Whether the model is known only to who asks the control plane, by GetInferenceProfile and its like. */
  readonly needsResolution: boolean;
}

const ARN = /^arn:aws[\w-]*:(bedrock|sagemaker):([\w-]*):(\d*):([\w-]+)[/:](.+)$/;
const PREFIXED = new RegExp(`^(${BEDROCK_PREFIXES.join("|")})\\.(?=[^.]+\\.)`);
const CONTEXT_SUFFIX = /(:\d+):(\d+[km])$/i;
const FIRST_VERSION = /-(?:v1(?::\d+)?|1:\d+)$/;

/** Resources under another name than that of their kind. */
const KIND_NAMES: ReadonlyMap<string, BedrockArnKind> = new Map([
  ...ARN_KINDS.map((kind) => [kind, kind] as const),
  ["default-prompt-router", "prompt-router"],
]);

/**
 * Reads any form of `modelId`: a bare id, one with a prefix, an ARN. It refuses nothing: what it does not know, Bedrock
 * may.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_RequestSyntax
 */
export function parseBedrockModelId(text: string): BedrockModelId {
  const arn = ARN.exec(text);
  if (arn === null) return { ...named(text), ...NO_ARN };
  const [, service, region = "", account = "", resource = "", id = ""] = arn;
  const arnKind =
    service === "sagemaker"
      ? resource === "endpoint"
        ? "sagemaker-endpoint"
        : undefined
      : KIND_NAMES.get(resource);
  const reveals = arnKind === "foundation-model" || arnKind === "inference-profile";
  return {
    ...(reveals ? named(id) : { ...UNNAMED, canonical: text, base: text }),
    arnKind,
    region: region === "" ? undefined : region,
    account: account === "" ? undefined : account,
    needsResolution: !reveals,
  };
}

const UNNAMED = { prefix: undefined, vendor: "", context: undefined };
const NO_ARN = { arnKind: undefined, region: undefined, account: undefined, needsResolution: false };

function named(text: string): Pick<BedrockModelId, "prefix" | "canonical" | "base" | "vendor" | "context"> {
  const prefix = PREFIXED.exec(text)?.[1] as BedrockPrefix | undefined;
  const id = prefix === undefined ? text : text.slice(prefix.length + 1);
  const context = CONTEXT_SUFFIX.exec(id)?.[2];
  const canonical = context === undefined ? id : id.slice(0, -context.length - 1);
  const dot = canonical.indexOf(".");
  return {
    prefix,
    canonical,
    base: canonical.replace(FIRST_VERSION, ""),
    vendor: dot === -1 ? "" : canonical.slice(0, dot),
    context,
  };
}
