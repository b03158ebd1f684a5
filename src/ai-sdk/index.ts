/** `switchyard/ai-sdk`: what an application on Vercel's AI SDK may want; the package itself needs nothing of it. */
export { switchyardContext, type SwitchyardContext } from "./context.ts";
export { switchyardReply, type HasHeaders, type SwitchyardReply } from "./reply.ts";
export type { SwitchyardWords } from "./words.ts";
