/** Whether an address is one of AWS's own, which serves one service. */
export function isAws(url: string): boolean {
  return /\.amazonaws\.com(\.cn)?$|\.api\.aws$/.test(new URL(url).hostname);
}

/**
 * A service's own address in a region. https://docs.aws.amazon.com/general/latest/gr/rande.html
 *
 * @param host  what stands before the region: `bedrock-runtime`, `runtime.sagemaker`
 */
export function regionalAddress(host: string, region: string): string {
  return `https://${host}.${region}.${region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}`;
}
