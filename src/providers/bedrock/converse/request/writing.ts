import type { BedrockModel } from "../../../../catalog/bedrock-models.ts";
import type { MediaPart } from "../../../../core/chat.ts";
import { type Block, cachePointBlock } from "./block.ts";
import { CallIds } from "./call-ids.ts";
import { DocumentNames } from "./document-names.ts";
import { Losses } from "./losses.ts";
import { type MediaBlock, mediaBlock } from "./media.ts";
import { ToolNames } from "./tool-names.ts";

/** What is known while one request is written. */
export class Writing {
  readonly model: BedrockModel;
  /** Whether thoughts in the history stay away: they are another model's. */
  readonly withoutThoughts: boolean;
  readonly losses = new Losses();
  readonly names = new ToolNames();
  readonly ids: CallIds;
  readonly #documents = new DocumentNames();
  /** What was moved out of tool results so far. */
  attachments = 0;
  /** The tools that the history calls, on the wire. */
  readonly called = new Set<string>();
  /** Whether there is a cache point whose place must be settled. */
  hasCachePoints = false;

  constructor(model: BedrockModel, withoutThoughts: boolean) {
    this.model = model;
    this.withoutThoughts = withoutThoughts;
    this.ids = new CallIds(model);
  }

  cachePoint(ttl: "5m" | "1h" | undefined): Block {
    this.hasCachePoints = true;
    return cachePointBlock(ttl);
  }

  media(part: MediaPart): MediaBlock | undefined {
    return mediaBlock(part, this.model, this.#documents, this.losses);
  }
}
