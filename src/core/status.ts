/**
 * How an exchange ended.
 * - `answered`: the client had a reply
 * - `refused`: by Switchyard, before anything was asked of an upstream
 * - `failed`: no target answered, or the reply broke off
 * - `abandoned`: the client left first
 * - `killed`: the process died; nobody knows how far it came
 */
export const STATUSES = ["answered", "refused", "failed", "abandoned", "killed"] as const;
export type ExchangeStatus = (typeof STATUSES)[number];
