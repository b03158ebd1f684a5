"""`anthropic`, Messages."""

import functools

import anthropic
import claude_body
from conversation import Conversation, counting, model_of, refuse
from openai_sdk import seconds

ERRORS = (anthropic.AnthropicError,)


@functools.cache
def http_client():
    return counting(anthropic.DefaultHttpxClient())


def sdk(url, key):
    return anthropic.Anthropic(
        base_url=f"{url}/anthropic",
        api_key=key,
        max_retries=0,
        timeout=30,
        http_client=http_client(),
    )


def failure(error):
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, dict) else None
    inner = inner if isinstance(inner, dict) else {}
    told = {"code": inner.get("code", ""), "message": inner.get("message") or str(error)}
    response = getattr(error, "response", None)
    if response is not None:
        told.update(status=response.status_code, retryAfter=seconds(response.headers))
    return told


class Messages(Conversation):
    def __init__(self, where, ask):
        refuse(ask, temperature="has no temperature any more", next="has no previous_response_id")
        self.sdk = sdk(where["url"], where["key"])
        self.ask = ask
        self.model = where["model"]
        self.members = claude_body.members(ask)
        self.messages = claude_body.messages(ask)

    def params(self):
        return {"model": self.model, "messages": self.messages, **self.members}

    def once(self, reply):
        return self.streamed(reply) if self.ask.get("stream") else self.whole(reply)

    def format(self):
        schema = self.ask.get("schema")
        return {} if schema is None else {"output_format": model_of("place", schema)}

    def whole(self, reply):
        messages = self.sdk.messages
        create = messages.parse if self.ask.get("schema") else messages.create
        return read(create(**self.params(), **self.format()), reply)

    def streamed(self, reply):
        with self.sdk.messages.stream(**self.params(), **self.format()) as stream:
            for event in stream:
                if event.type == "text":
                    reply.text += event.text
                elif event.type == "thinking":
                    reply.thoughts += event.thinking
                if self.ask.get("abort") and reply.text:
                    return None
            message = stream.get_final_message()
        reply.clear()
        return read(message, reply)

    def add_results(self, answer, results):
        self.messages.append({"role": "assistant", "content": answer.content})
        self.messages.append(claude_body.results_message(results))

    def count(self):
        system = {"system": self.members["system"]} if "system" in self.members else {}
        counted = self.sdk.messages.count_tokens(model=self.model, messages=self.messages, **system)
        return counted.input_tokens


def read(message, reply):
    claude_body.read(message.model_dump(mode="json"), reply)
    parsed = getattr(message, "parsed_output", None)
    if parsed is not None:
        reply.object = parsed.model_dump()
    return message
