import type { AwsRuntime } from "../../aws/runtime.ts";
import { Losses } from "../../conversation/losses.ts";
import { refuseOrDrop } from "../../inexpressible.ts";
import { NOTHING_SENT } from "../../nothing-sent.ts";
import type { AttemptFailure, ChatCall, ChatSink, UpstreamHandle } from "../../provider.ts";
import type { ChatTemplateName } from "../../text-generation/chat-template.ts";
import { writePrompt } from "../../text-generation/write-prompt.ts";
import { addressOf, invocationHeaders, invocationPath } from "../address.ts";
import { tooLarge } from "../body-limit.ts";
import { GenerateReading } from "./reading.ts";
import { writeParameters, type Generator } from "./write-parameters.ts";

interface Parts {
  readonly runtime: AwsRuntime;
  readonly payload: Generator;
  readonly template: ChatTemplateName;
  readonly call: ChatCall;
  readonly sink: ChatSink;
}

/** Serves a chat by a container that takes a prompt: `{"inputs","parameters","stream"}` at /invocations. */
export function chatByGenerate({ runtime, payload, template, call, sink }: Parts): UpstreamHandle {
  const { chat, stream, outputCap } = call;
  const refuse = (failure: AttemptFailure): UpstreamHandle => {
    sink.fail(failure);
    return NOTHING_SENT;
  };
  const { prompt, stop, inexpressible } = writePrompt(chat, template);
  const losses = new Losses();
  const needs = { generator: payload, outputCap, templateStops: stop };
  const parameters = writeParameters(chat, needs, losses);
  const failure = refuseOrDrop([...inexpressible, ...losses.list], call.mayDrop, sink);
  if (failure !== undefined) return refuse(failure);
  const body = JSON.stringify({ inputs: prompt, parameters, ...(stream && { stream }) });
  const long = tooLarge(body);
  if (long !== undefined) return refuse(long);
  const address = addressOf(call.model);
  const unsigned = {
    method: "POST" as const,
    path: runtime.prefix + invocationPath(address, stream),
    headers: invocationHeaders(address, stream),
    body,
  };
  const told = { prompt, stops: { own: chat.stop, template: stop } };
  return runtime.send(call, unsigned, new GenerateReading(sink, stream, told, runtime.secrets));
}
