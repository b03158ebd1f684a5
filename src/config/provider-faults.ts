import { addressFaults, hostOf } from "./address-faults.ts";
import type { Fault } from "./fault.ts";
import { record, type Raw } from "./raw.ts";
import { CHAT_TEMPLATES } from "./schema-providers.ts";

/** A fault of one provider: the keys below it, and what to say of them. */
interface Own {
  readonly at: readonly string[];
  readonly message: string;
  readonly onKey?: boolean;
}

/** What no key of a provider shows by itself: keys that need or exclude one another, and addresses of another API. */
export function providerFaults(config: Raw): Fault[] {
  return Object.entries(record(config["providers"])).flatMap(([id, value]) => {
    const provider = record(value);
    return [
      ...awsFaults(provider),
      ...payloadFaults(provider),
      ...tagFaults(provider),
      ...azureFaults(provider),
      ...keyFaults(provider),
      ...addressFaults(provider).map((message) => ({ at: ["baseUrl"], message })),
    ].map(({ at, ...fault }: Own) => ({ ...fault, path: ["providers", id, ...at] }));
  });
}

function awsFaults(provider: Raw): Own[] {
  if (provider["apiKey"] === undefined) return [];
  if (provider["kind"] === "bedrock") {
    return ["profile", "assumeRole"]
      .filter((key) => provider[key] !== undefined)
      .map((key) => ({
        at: [key],
        message: "stands beside apiKey, which needs no AWS credentials; leave one of the two out",
      }));
  }
  if (provider["kind"] !== "sagemaker" || provider["payload"] === "openai-path") return [];
  return [
    {
      at: ["apiKey"],
      message:
        "opens the OpenAI path alone; write payload: openai-path, or leave it out and let requests be signed",
    },
  ];
}

/** Keys of a `sagemaker` provider that only some payloads use. Which template is right nobody can guess. */
function payloadFaults({ kind, payload = "openai", chatTemplate, sendModel }: Raw): Own[] {
  if (kind !== "sagemaker") return [];
  const idle = (key: string): Own => ({
    at: [key],
    message: `has no effect with payload ${String(payload)}; leave it out`,
    onKey: true,
  });
  if (payload === "tgi" || payload === "djl") {
    return [
      ...(chatTemplate === undefined
        ? [
            {
              at: ["chatTemplate"],
              message: `is missing, and payload ${payload} takes one text; write the form the model was trained on, one of ${CHAT_TEMPLATES.join(", ")}`,
            },
          ]
        : []),
      ...(sendModel === undefined ? [] : [idle("sendModel")]),
    ];
  }
  const takesMessages = payload === "openai" || payload === "openai-path";
  return takesMessages && chatTemplate !== undefined ? [idle("chatTemplate")] : [];
}

function tagFaults(provider: Raw): Own[] {
  const { tenantTag = "tenant", tags } = record(provider["assumeRole"]);
  const same = Object.keys(record(tags)).find((key) => key.toLowerCase() === String(tenantTag).toLowerCase());
  if (same === undefined) return [];
  return [
    {
      at: ["assumeRole", "tags", same],
      message: "is the tag that bears the tenant; give it another name, or tenantTag",
      onKey: true,
    },
  ];
}

function azureFaults(provider: Raw): Own[] {
  if (provider["apiVersion"] !== undefined || !needsApiVersion(provider)) return [];
  return [
    {
      at: [],
      message: "needs apiVersion; Azure takes none without it, such as apiVersion: 2024-10-21",
    },
  ];
}

/** Azure's addresses but for its newer one, …/openai/v1. */
function needsApiVersion({ kind, vendor, baseUrl }: Raw): boolean {
  if (kind !== "openai-compatible" || typeof baseUrl !== "string" || !URL.canParse(baseUrl)) return false;
  const { hostname, pathname } = new URL(baseUrl);
  if (vendor === "foundry") return true;
  const isAzure =
    vendor === undefined
      ? /\.(openai|cognitiveservices|services\.ai)\.azure\.(com|us|cn)$/.test(hostname)
      : vendor === "azure";
  return isAzure && !/\/openai\/v1\/?$/.test(pathname);
}

/** Hosts that answer nobody without a key, by the kind that asks them, and the variable that usually holds it. */
const NEEDS_KEY: Readonly<Record<string, readonly (readonly [host: RegExp, variable: string])[]>> = {
  anthropic: [
    [/^api\.anthropic\.com$/, "ANTHROPIC_API_KEY"],
    [/\.services\.ai\.azure\.(com|us|cn)$/, "AZURE_API_KEY"],
    [/\.api\.aws$/, "AWS_BEARER_TOKEN_BEDROCK"],
  ],
  "openai-compatible": [[/^([a-z]+\.)?api\.openai\.com$/, "OPENAI_API_KEY"]],
};

function keyFaults(provider: Raw): Own[] {
  const kind = String(provider["kind"]);
  if (provider["apiKey"] !== undefined || !Object.hasOwn(NEEDS_KEY, kind)) return [];
  const host = hostOf(provider);
  const variable = NEEDS_KEY[kind]?.find(([hosts]) => host !== undefined && hosts.test(host))?.[1];
  if (variable === undefined) return [];
  return [
    {
      at: ["apiKey"],
      message: `is missing, and ${host} refuses who has none; write apiKey: env:${variable}`,
    },
  ];
}

/**
 * Names of endpoints and components, as providers/sagemaker/address.ts asks for them.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceComponent.html
 */
const SAGEMAKER_MODEL = /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\/[a-z\d]([a-z\d-]{0,61}[a-z\d])?)?$/i;

/** Models that their provider cannot have. */
export function servedModelFaults(config: Raw): Fault[] {
  const providers = record(config["providers"]);
  return Object.entries(record(config["targets"])).flatMap(([id, value]) => {
    const { provider, model } = record(value);
    if (typeof model !== "string" || model === "" || typeof provider !== "string") return [];
    const asked = Object.hasOwn(providers, provider) ? record(providers[provider]) : {};
    if (asked["kind"] !== "sagemaker" || SAGEMAKER_MODEL.test(model)) return [];
    return [
      {
        path: ["targets", id, "model"],
        message:
          "is neither ENDPOINT nor ENDPOINT/COMPONENT; write the endpoint's name (letters, digits and -, at most 63), such as llama-prod or llama-prod/llama-8b",
      },
    ];
  });
}
