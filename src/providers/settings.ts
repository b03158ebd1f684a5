import type { Config, ProviderConfig } from "../config/schema.ts";
import { resolveSecret, type SecretSource } from "../config/secrets.ts";
import type { ProviderSettings } from "./registry.ts";

/**
 * What an adapter needs, from what the configuration says.
 *
 * @throws Error where a secret cannot be read
 */
export function providerSettings(
  config: ProviderConfig,
  egress: Config["egress"],
  secrets: SecretSource,
): ProviderSettings {
  switch (config.kind) {
    case "simulator":
      return config;
    case "openai-compatible":
      return {
        ...config,
        apiKey: config.apiKey === undefined ? undefined : resolveSecret(config.apiKey, secrets),
        vendor: config.vendor,
        apiVersion: config.apiVersion,
      };
    case "bedrock": {
      const { assumeRole } = config;
      return {
        ...config,
        apiKey: config.apiKey === undefined ? undefined : resolveSecret(config.apiKey, secrets),
        baseUrl: config.baseUrl,
        profile: config.profile,
        assumeRole: assumeRole && { ...assumeRole, externalId: assumeRole.externalId },
        media: {
          fetch: egress.media === "fetch",
          allow: egress.allow,
          maxBytes: egress.limit,
          timeoutMs: egress.timeout,
        },
      };
    }
    case "anthropic":
    case "sagemaker":
    case "triton":
      throw new Error(`providers of kind ${config.kind} are not available yet`);
  }
}
