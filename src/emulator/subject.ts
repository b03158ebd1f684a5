import { isObject, textOf } from "./json.ts";
import { isStream, type Route } from "./operations/route.ts";
import type { WireRequest } from "./transport/wire-request.ts";

/** What a request is about, as far as can be told before it is checked. */
export interface Subject {
  /** As asked for, decoded. */
  readonly model: string | undefined;
  readonly streams: boolean;
}

export function subjectOf(route: Route | undefined, { body }: WireRequest): Subject {
  if (route === undefined) return { model: undefined, streams: false };
  if (route.operation !== "ChatCompletions") {
    const isOfModel = route.parameters.length === 1 && route.operation !== "GetInferenceProfile";
    return { model: isOfModel ? route.parameters[0] : undefined, streams: isStream(route.operation) };
  }
  try {
    const read: unknown = JSON.parse(body.toString());
    return isObject(read)
      ? { model: textOf(read["model"]), streams: read["stream"] === true }
      : { model: undefined, streams: false };
  } catch {
    return { model: undefined, streams: false };
  }
}
