/** Which header carries the key where the configuration does not say: AWS's hosts for Messages take theirs as a bearer. */
export function authOf(host: string): "x-api-key" | "bearer" {
  return host.endsWith(".api.aws") ? "bearer" : "x-api-key";
}

/**
 * Whether a host takes `cache_control` at the top of a body and finds the best places by itself: Anthropic and Foundry do,
 * Google and Bedrock answer "cache_control: Extra inputs are not permitted", and of others nobody knows.
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching#automatic-caching
 */
export function findsCachePlaces(host: string): boolean {
  return host === "api.anthropic.com" || host.endsWith(".services.ai.azure.com");
}
