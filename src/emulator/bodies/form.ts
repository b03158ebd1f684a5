import type { Answer } from "../answer/answer.ts";
import type { ToolIds } from "../answer/tool-calls.ts";
import type { ConverseRequest } from "../converse-request.ts";
import type { JsonObject } from "../json.ts";
import type { Model } from "../models/model.ts";

/** How one maker's models are spoken to through InvokeModel. */
export interface Form {
  readonly toolIds: ToolIds;
  /**
   * Turns a body into the neutral request.
   *
   * @throws ServiceError as the model's front words it
   */
  read(body: JsonObject, model: Model): ConverseRequest;
  whole(answer: Answer, model: Model, id: string): JsonObject;
  /** A streamed answer, event by event. */
  events(answer: Answer, model: Model, id: string): readonly FormEvent[];
}

export interface FormEvent {
  readonly json: JsonObject;
  readonly tokens: number;
  /** Where it says how the answer ended: faults cut before it. */
  readonly stops?: boolean;
}
