"""The official openai package of PyPI against a Switchyard gateway.

    SWITCHYARD_URL=http://…/v1 SWITCHYARD_KEY=sy-… python openai_client.py

It is run by openai-python.test.ts; what the targets do stands in setup.ts. Prints one JSON line a check:
{"check": the rule as a sentence, "ok": whether it holds, "got": what was seen where it does not}.
"""

import asyncio
import json

import openai
from openai_harness import (
    HELLO,
    KEY,
    MEGABYTE,
    TOOLS,
    URL,
    asking,
    chat,
    check,
    client,
    equal,
    failure,
    names,
    run_checks,
)
from pydantic import BaseModel


@check("a chat has its text, finish reason and usage")
def _():
    completion = chat("sim")
    assert 'You said "hi"' in completion.choices[0].message.content
    equal(completion.choices[0].finish_reason, "stop")
    usage = completion.usage
    equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)


@check("with_raw_response shows the exchange, its target, its attempts and its cost")
def _():
    raw = client.chat.completions.with_raw_response.create(model="plain", messages=HELLO)
    equal(raw.parse().choices[0].message.content, "hello")
    equal(raw.headers["x-switchyard-target"], "plain")
    equal(raw.headers["x-switchyard-attempts"], "1")
    equal(raw.headers["x-switchyard-cost-usd"], "0.000018")
    assert raw.headers["x-switchyard-exchange"]


@check("a stream gives every piece in order and then ends")
def _():
    for model, expected in (("plain", "one two three"), ("sim", 'You said "hi"')):
        events = list(chat(model, stream=True))
        text = "".join(event.choices[0].delta.content or "" for event in events)
        assert text.startswith(expected), text
        equal(events[-1].choices[0].finish_reason, "stop")
        assert all(event.usage is None for event in events)


@check("a stream ends with its usage where the client asks for it")
def _():
    for model in ("plain", "sim"):
        last = list(chat(model, stream=True, stream_options={"include_usage": True}))[-1]
        equal(last.choices, [])
        assert last.usage.total_tokens > 0


@check("n=2 gives two choices")
def _():
    equal([choice.index for choice in chat("sim", n=2).choices], [0, 1])


@check("a tool is called, and its result is answered with text")
def _():
    messages = asking("call get_time")
    first = chat("sim", messages, tools=TOOLS).choices[0]
    equal(first.finish_reason, "tool_calls")
    equal(names(first.message), ["get_time"])
    result = {"role": "tool", "tool_call_id": first.message.tool_calls[0].id, "content": "noon"}
    second = chat("sim", [*messages, first.message, result], tools=TOOLS).choices[0]
    assert 'You said "noon"' in second.message.content


@check("tools are called in parallel unless the client forbids it")
def _():
    messages = asking("call get_weather and get_time")
    equal(names(chat("sim", messages, tools=TOOLS).choices[0].message), ["get_weather", "get_time"])
    one = chat("sim", messages, tools=TOOLS, parallel_tool_calls=False)
    equal(names(one.choices[0].message), ["get_weather"])


@check("streamed tool calls are put together from their pieces")
def _():
    messages = asking("call get_weather and get_time")
    with client.chat.completions.stream(model="sim", messages=messages, tools=TOOLS) as stream:
        pieces = [event for event in stream if event.type == "tool_calls.function.arguments.delta"]
        equal(names(stream.get_final_completion().choices[0].message), ["get_weather", "get_time"])
    assert len(pieces) > 2


class Weather(BaseModel):
    city: str
    days: int


@check("json_object gives JSON, and parse gives an object of the schema")
def _():
    free = chat("sim", response_format={"type": "json_object"})
    assert isinstance(json.loads(free.choices[0].message.content), dict)
    parsed = client.chat.completions.parse(model="sim", messages=HELLO, response_format=Weather)
    assert isinstance(parsed.choices[0].message.parsed, Weather)


@check("embeddings are the same as base64, which the SDK asks for by itself, and as floats")
def _():
    texts = ["first text", "second text"]
    packed = client.embeddings.create(model="sim", input=texts)
    floats = client.embeddings.create(model="sim", input=texts, encoding_format="float")
    equal([len(item.embedding) for item in packed.data], [1536, 1536])
    equal(packed.data[1].embedding, floats.data[1].embedding)


@check("the list of models has tasks, targets and aliases, and each can be retrieved, also with a slash")
def _():
    listed = {model.id: model for model in client.models.list()}
    for name in ("support.answer", "sim", "plain", "vendor/sim-small"):
        equal(client.models.retrieve(name), listed[name])
        assert chat(name).choices


@check("a bad key is an AuthenticationError")
def _():
    stranger = client.with_options(api_key="sy-wrong")
    error = failure(openai.AuthenticationError, lambda: stranger.models.list())
    equal(error.code, "unauthenticated")
    create = stranger.chat.completions.create
    error = failure(openai.AuthenticationError, lambda: create(model="sim", messages=HELLO))
    equal(error.code, "unauthenticated")


@check("an unknown model is a NotFoundError that names the exchange")
def _():
    error = failure(openai.NotFoundError, lambda: chat("nope"))
    equal(error.code, "model_not_found")
    assert error.response.headers["x-switchyard-exchange"] in error.message
    failure(openai.NotFoundError, lambda: client.models.retrieve("nope"))


@check("an upstream's throttle is a RateLimitError with the upstream's retry-after")
def _():
    error = failure(openai.RateLimitError, lambda: chat("throttling"))
    equal(error.code, "rate_limited")
    equal(error.response.headers["retry-after"], "7")


@check("the SDK repeats a throttled request and gets its answer")
def _():
    patient = client.with_options(max_retries=1)
    completion = patient.chat.completions.create(model="throttling-once", messages=HELLO)
    equal(completion.choices[0].message.content, "hello")


@check("an upstream's 500 is a 502")
def _():
    error = failure(openai.InternalServerError, lambda: chat("broken"))
    equal((error.status_code, error.code), (502, "upstream_error"))


@check("an upstream's own refusal of the request comes with its status, code and message")
def _():
    error = failure(openai.UnprocessableEntityError, lambda: chat("rejecting"))
    equal(error.code, "hot")
    assert "too hot" in error.message


@check("a body of 20 MB is accepted")
def _():
    completion = chat("plain", asking("x" * 20 * MEGABYTE))
    equal(completion.choices[0].message.content, "hello")


@check("a body of 27 MB is refused with 413, and the client hears it every time")
def _():
    content = "x" * 27 * MEGABYTE
    for _time in range(3):
        error = failure(openai.APIStatusError, lambda: chat("plain", asking(content)))
        equal((error.status_code, error.code), (413, "payload_too_large"))
    assert chat("plain").choices


@check("a stream can be closed after its first piece")
def _():
    with chat("slow", stream=True) as stream:
        equal(next(iter(stream)).choices[0].delta.content, "one ")


@check("a stream that the upstream cuts raises, after the pieces that came")
def _():
    pieces = []

    def read():
        for event in chat("cut", stream=True):
            pieces.append(event.choices[0].delta.content)

    equal(failure(openai.APIError, read).code, "upstream_error")
    equal(pieces, ["one "])


@check("the asynchronous client chats, streams and hears of a body that is too long")
def _():
    asyncio.run(asynchronous())


async def asynchronous():
    async with openai.AsyncOpenAI(base_url=URL, api_key=KEY, max_retries=0) as other:
        create = other.chat.completions.create
        stream = await create(model="plain", messages=HELLO, stream=True)
        text = "".join([event.choices[0].delta.content or "" async for event in stream])
        equal(text, "one two three")
        try:
            await create(model="plain", messages=asking("x" * 27 * MEGABYTE))
        except openai.APIStatusError as error:
            equal(error.status_code, 413)
        else:
            raise AssertionError("27 MB were accepted")
        replies = await asyncio.gather(*(create(model="sim", messages=HELLO) for _ in range(20)))
        equal(len(replies), 20)


if __name__ == "__main__":
    run_checks()
