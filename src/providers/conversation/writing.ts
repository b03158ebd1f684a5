import type { ConversationModel } from "../../catalog/conversation-model.ts";
import type { MediaPart } from "../../core/chat.ts";
import { type Block, cachePointBlock } from "./block.ts";
import { CallIds } from "./call-ids.ts";
import type { Form, MediaBlock } from "./form.ts";
import { Losses } from "./losses.ts";
import { ToolNames } from "./tool-names.ts";

/** What is known while one request is written. */
export class Writing {
  readonly form: Form;
  readonly model: ConversationModel;
  /** Whether thoughts in the history stay away: they are another model's. */
  readonly withoutThoughts: boolean;
  readonly losses = new Losses();
  readonly names: ToolNames;
  readonly ids: CallIds;
  /** What was moved out of tool results so far. */
  attachments = 0;
  /** The tools that the history calls, on the wire. */
  readonly called = new Set<string>();
  /** Whether there is a cache point whose place must be settled. */
  hasCachePoints = false;

  constructor(form: Form, model: ConversationModel, withoutThoughts: boolean) {
    this.form = form;
    this.model = model;
    this.withoutThoughts = withoutThoughts;
    this.names = new ToolNames((name) => form.toolName(name));
    this.ids = new CallIds((id) => form.callId(id));
  }

  cachePoint(ttl: "5m" | "1h" | undefined): Block {
    this.hasCachePoints = true;
    return cachePointBlock(ttl);
  }

  media(part: MediaPart): MediaBlock | undefined {
    return this.form.media(part, this.losses);
  }
}
