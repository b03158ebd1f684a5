import { ServiceError, invalid } from "../service-error.ts";
import type { Model } from "./model.ts";
import { MODELS } from "./table.ts";

export const ACCOUNT = "123456789012";

/** An application inference profile: its ARN does not tell the model. */
export interface ApplicationProfile {
  readonly arn: string;
  readonly name: string;
  /** Ids of the model, or of a system profile's models. */
  readonly models: readonly string[];
}

/** What a model id in a path stands for. */
export interface Resolved {
  readonly model: Model;
  /** As it was asked for, decoded. */
  readonly asked: string;
  /** Prefix of the system profile it came through. */
  readonly scope?: string;
  readonly profile?: ApplicationProfile;
}

/** Closed list: a vendor's name may be as short as a prefix. */
const SCOPES = ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"];
const FOUNDATION = /^arn:aws[\w-]*:bedrock:[\w-]*::foundation-model\/(.+)$/;
const SYSTEM_PROFILE = /^arn:aws[\w-]*:bedrock:[\w-]*:\d{12}:inference-profile\/(.+)$/;
const APPLICATION_PROFILE = /^arn:aws[\w-]*:bedrock:[\w-]*:\d{12}:application-inference-profile\/[a-z0-9]+$/;
/** Which Regions a prefix serves. */
const REGIONS_OF: Readonly<Record<string, RegExp>> = {
  us: /^us-(?!gov)/,
  "us-gov": /^us-gov-/,
  eu: /^eu-/,
  apac: /^ap-/,
  jp: /^ap-northeast-/,
  au: /^ap-southeast-/,
  ca: /^ca-/,
  global: /^/,
};

/**
 * Finds the model.
 *
 * @param region  where given, profiles of elsewhere are unknown
 * @throws ServiceError as the service says it
 */
export function resolveModel(
  asked: string,
  profiles: readonly ApplicationProfile[],
  region: string | undefined,
): Resolved {
  if (APPLICATION_PROFILE.test(asked)) {
    const profile = profiles.find(({ arn }) => arn === asked);
    const model = profile === undefined ? undefined : baseModel(profile.models[0] ?? "");
    if (profile === undefined || model === undefined)
      throw new ServiceError(
        "ResourceNotFoundException",
        "Could not resolve the foundation model from the provided model identifier.",
      );
    return { model, asked, profile };
  }
  const id = FOUNDATION.exec(asked)?.[1] ?? SYSTEM_PROFILE.exec(asked)?.[1] ?? asked;
  const scope = scopeOf(id);
  const model = MODELS.get(scope === undefined ? id : id.slice(scope.length + 1));
  if (model === undefined || (scope !== undefined && !model.scopes.includes(scope)))
    throw invalid("The provided model identifier is invalid.");
  if (scope !== undefined && region !== undefined && !(REGIONS_OF[scope] ?? /^/).test(region))
    throw new ServiceError(
      "ResourceNotFoundException",
      "Could not resolve the foundation model from the provided model identifier.",
    );
  return { model, asked, ...(scope !== undefined && { scope }) };
}

/** @throws ServiceError for a model that answers only through a profile */
export function requireThroughput({ model, asked, scope, profile }: Resolved): void {
  if (model.onDemand || scope !== undefined || profile !== undefined) return;
  throw invalid(
    `Invocation of model ID ${asked} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`,
  );
}

/** The model behind an id with or without prefix, or an ARN; undefined where there is none. */
export function baseModel(id: string): Model | undefined {
  const bare = FOUNDATION.exec(id)?.[1] ?? SYSTEM_PROFILE.exec(id)?.[1] ?? id;
  const scope = scopeOf(bare);
  return MODELS.get(scope === undefined ? bare : bare.slice(scope.length + 1));
}

export function scopeOf(id: string): string | undefined {
  return SCOPES.find((scope) => id.startsWith(`${scope}.`));
}

export function modelArn(region: string, id: string): string {
  return `arn:aws:bedrock:${region}::foundation-model/${id}`;
}
