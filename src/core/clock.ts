/** Time as the program sees it, so that tests can move it. */
export interface Clock {
  /** Unix milliseconds, integer; may jump when the host's clock is set. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. For durations and deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
