"""What all clients share: the reply that an application sees, and the way of asking twice."""

import base64
import contextvars
import functools
import json

import pydantic


class Cannot(Exception):
    """The SDK has no way to ask for this."""


class StreamFailed(Exception):
    """An SDK that hands a stream's failure over as an event; its class's name stands for the error's."""

    def __init__(self, event, code, message):
        super().__init__(message)
        self.event = event
        self.code = code
        self.message = message


class Sent:
    """Requests that were sent for one ask."""

    def __init__(self):
        self.count = 0


# What a package hands to threads of its own has the context of the ask.
SENT = contextvars.ContextVar("SENT")


def count_sent(*_args, **_kwargs):
    SENT.get().count += 1


def counting(client):
    """Counts what a client of httpx sends."""
    client.event_hooks = {"request": [count_sent]}
    return client


class Reply:
    """What an application sees of an answer, filled in as it comes; ask.ts says what each member is."""

    def __init__(self):
        self.counted = None
        self.clear()

    def clear(self):
        self.text = ""
        self.thoughts = ""
        # Of each an id, a name and an input.
        self.calls = []
        self.finish = "none"
        self.usage = None
        self.object = None

    def call(self, id, name, input):
        self.calls.append((id, name, json.loads(input or "{}") if isinstance(input, str) else input))

    def end(self, reason):
        self.finish = "none" if reason is None else FINISHES.get(reason, "other")

    def use(self, input, output, cached=None, reasoning=None):
        self.usage = {"input": input, "output": output, "cached": cached, "reasoning": reasoning}

    def seen(self):
        return {
            "text": self.text,
            "thoughts": self.thoughts,
            "calls": [{"name": name, "input": input} for _, name, input in self.calls],
            "finish": self.finish,
            "usage": without_none(self.usage),
            "counted": self.counted,
            "object": self.object,
        }


FINISHES = {
    "stop": "end",
    "length": "length",
    "tool_calls": "calls",
    "end_turn": "end",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "tool_use": "calls",
}


class Conversation:
    """A request in an SDK's own form, made of `where` and `ask` when it is made."""

    def once(self, reply):
        """Asks, fills the reply in, and returns the answer as the SDK has it."""
        raise NotImplementedError

    def add_results(self, answer, results):
        """Puts the answer into the history, and after it the results: of each the call's id, text and whether it failed."""
        raise NotImplementedError

    def go_on(self, answer, question):
        raise Cannot("has no previous_response_id")

    def count(self):
        raise Cannot("has no counting of tokens")


def hold(conversation, ask, reply):
    """Asks once, or twice."""
    if ask.get("count"):
        reply.counted = conversation.count()
        return
    answer = conversation.once(reply)
    if ask.get("results") and reply.calls:
        told = [(id, ask["results"][name]) for id, name, _ in reply.calls]
        conversation.add_results(answer, [(id, result["text"], result.get("error", False)) for id, result in told])
    elif ask.get("next"):
        conversation.go_on(answer, ask["next"])
    else:
        return
    reply.clear()
    conversation.once(reply)


def refuse(ask, **reasons):
    """Says why the client cannot do what the ask has."""
    for name, why in reasons.items():
        if ask.get(name):
            raise Cannot(why)


def texts(message):
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")


def data_url(media_type, data):
    return f"data:{media_type};base64,{data}"


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def without_none(members):
    return None if members is None else {name: value for name, value in members.items() if value is not None}


TYPES = {"string": str, "integer": int, "number": float, "boolean": bool}


def model_of(name, schema):
    """The class that an application would have written for a schema of plain properties."""
    return cached_model(name, json.dumps(schema))


@functools.cache
def cached_model(name, schema):
    fields = {
        field: (TYPES[inner["type"]], pydantic.Field(description=inner.get("description")))
        for field, inner in json.loads(schema)["properties"].items()
    }
    return pydantic.create_model(name, __config__=pydantic.ConfigDict(extra="forbid"), **fields)
