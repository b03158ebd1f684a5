import type { UpstreamHandle } from "./provider.ts";

/** A handle of an attempt that is over before it began. */
export const NOTHING_SENT: UpstreamHandle = { cancel() {}, pause() {}, resume() {}, sent: false };
