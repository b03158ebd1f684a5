import type { Feature } from "../cell.ts";
import { FAILURES_OF_ALL } from "./failures.ts";
import { MEDIA } from "./media.ts";
import { SETTINGS } from "./settings.ts";
import { TEXT } from "./text.ts";
import { TOOLS } from "./tools.ts";

/** The rows, in the page's order. */
export const FEATURES: readonly Feature[] = [...TEXT, ...TOOLS, ...MEDIA, ...SETTINGS, ...FAILURES_OF_ALL];
