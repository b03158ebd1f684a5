/** Longer prompts than the model takes. "Too many tokens" is a throttle and none of these. */
export const OVERFLOW =
  /(input|prompt) is too long|input length and `?max_tokens`? exceed|maximum context length|exceeds? the (model'?s )?context window/i;

/** What Claude says to thoughts that another model signed. */
export const FOREIGN_THOUGHTS = /invalid `(signature|data)` in `(redacted_)?thinking`/i;
