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
        apiKey: secretOf(config.apiKey, secrets),
        vendor: config.vendor,
        apiVersion: config.apiVersion,
        responses: config.responses,
      };
    case "bedrock": {
      const { assumeRole } = config;
      return {
        ...config,
        apiKey: secretOf(config.apiKey, secrets),
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
      return { ...config, apiKey: secretOf(config.apiKey, secrets), auth: config.auth };
    case "sagemaker":
      return {
        ...config,
        apiKey: secretOf(config.apiKey, secrets),
        baseUrl: config.baseUrl,
        profile: config.profile,
        sendModel: config.sendModel,
      };
    case "triton":
      return { ...config, apiKey: secretOf(config.apiKey, secrets) };
  }
}

function secretOf(reference: string | undefined, secrets: SecretSource): string | undefined {
  return reference === undefined ? undefined : resolveSecret(reference, secrets);
}
