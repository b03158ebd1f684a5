import { ACCOUNT, baseModel, modelArn, scopeOf, type ApplicationProfile } from "../models/resolve.ts";
import { ServiceError } from "../service-error.ts";
import type { JsonObject } from "../json.ts";
import { jsonReply, type Call, type Outcome } from "./call.ts";

/** Where a system profile sends its requests. */
const REGIONS: Readonly<Record<string, readonly string[]>> = {
  us: ["us-east-1", "us-east-2", "us-west-2"],
  "us-gov": ["us-gov-east-1", "us-gov-west-1"],
  eu: ["eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"],
  apac: ["ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"],
  jp: ["ap-northeast-1", "ap-northeast-3"],
  au: ["ap-southeast-2", "ap-southeast-4"],
  ca: ["ca-central-1", "us-east-1", "us-east-2", "us-west-2"],
  global: [""],
};
/** Made up: profiles of this emulator have no history. */
const CREATED = "2026-01-01T00:00:00Z";

/** GetInferenceProfile of the control plane, the only way to learn the model of an application profile. */
export function getInferenceProfile({ state, route, identity }: Call): Outcome {
  const asked = route.parameters[0] ?? "";
  const region = state.keyring.region ?? identity.region ?? "us-east-1";
  const application = state.profiles.find(({ arn }) => arn === asked || arn.endsWith(`/${asked}`));
  if (application !== undefined) return { reply: jsonReply(describeApplication(application)) };
  const id = asked.replace(/^arn:aws[\w-]*:bedrock:[\w-]*:\d{12}:inference-profile\//, "");
  const scope = scopeOf(id);
  const model = baseModel(id);
  if (scope === undefined || model?.scopes.includes(scope) !== true)
    throw new ServiceError("ResourceNotFoundException", `Couldn't find resource with identifier ${asked}.`);
  return {
    reply: jsonReply({
      createdAt: CREATED,
      description: `Routes requests to ${model.name} in ${scope}.`,
      inferenceProfileArn: `arn:aws:bedrock:${region}:${ACCOUNT}:inference-profile/${id}`,
      inferenceProfileId: id,
      inferenceProfileName: `${scope.toUpperCase()} ${model.name}`,
      models: modelsOf(id),
      status: "ACTIVE",
      type: "SYSTEM_DEFINED",
      updatedAt: CREATED,
    }),
  };
}

function describeApplication({ arn, name, models }: ApplicationProfile): JsonObject {
  return {
    createdAt: CREATED,
    inferenceProfileArn: arn,
    inferenceProfileId: arn.split("/").at(-1) ?? "",
    inferenceProfileName: name,
    models: models.flatMap(modelsOf),
    status: "ACTIVE",
    type: "APPLICATION",
    updatedAt: CREATED,
  };
}

function modelsOf(id: string): JsonObject[] {
  const model = baseModel(id);
  if (model === undefined) return [];
  const regions = REGIONS[scopeOf(id) ?? ""] ?? ["us-east-1"];
  return regions.map((region) => ({ modelArn: modelArn(region, model.id) }));
}
