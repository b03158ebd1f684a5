import type * as z from "zod";

/** One thing that the control API can be asked: the server serves it, commands and console call it, the docs list it. */
export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `:name` for what is in `params`. */
  readonly url: string;
  readonly summary: string;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly answer: Answer;
  /** Of the answer, where it is not 200. */
  readonly status?: number;
}

export type EndpointInput<E extends Endpoint> = {
  readonly params: z.output<E["params"]>;
  readonly query: z.output<E["query"]>;
  readonly body: z.output<E["body"]>;
};

/** What a caller gives: parts with nothing in them may be left out. */
export type EndpointCall<E extends Endpoint> = {
  readonly params?: z.input<E["params"]>;
  readonly query?: z.input<E["query"]>;
  readonly body?: z.input<E["body"]>;
};

export type EndpointAnswer<E extends Endpoint> = z.output<E["answer"]>;
