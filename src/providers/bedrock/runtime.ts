import { isAws, regionalAddress } from "../aws/address.ts";
import { AwsRuntime } from "../aws/runtime.ts";
import type { BedrockOptions } from "./options.ts";

/** @param host  the first part of the host: `bedrock-runtime`, or `bedrock` for its control plane */
export function bedrockRuntime(options: BedrockOptions, host: "bedrock-runtime" | "bedrock"): AwsRuntime {
  const { baseUrl, region } = options;
  // A VPC endpoint of the runtime serves the runtime alone; an emulator or a proxy serves whatever it is asked.
  const isOwn = baseUrl !== undefined && (host === "bedrock-runtime" || !isAws(baseUrl));
  return new AwsRuntime({
    ...options,
    service: "bedrock",
    address: isOwn ? baseUrl : regionalAddress(host, region),
  });
}
