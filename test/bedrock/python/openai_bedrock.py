"""The official openai package of PyPI through a Switchyard gateway to Bedrock's emulator.

Run by openai-python.test.ts, with test/clients on PYTHONPATH for the helpers. One JSON line a check, as there.
"""

import json

import openai
from openai_harness import TOOLS, asking, chat, check, client, equal, failure, run_checks
from pydantic import BaseModel

MODELS = ("claude", "nova")


@check("a chat has its text, finish reason and usage")
def _():
    for model in MODELS:
        completion = chat(model, asking("Tell me something."))
        choice = completion.choices[0]
        assert choice.message.content
        equal(choice.finish_reason, "stop")
        usage = completion.usage
        equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)


@check("a stream is the text in pieces, and ends with its usage where the client asks for it")
def _():
    for model in MODELS:
        chunks = list(chat(model, asking("Tell me."), stream=True, stream_options={"include_usage": True}))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        equal([chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1], "stop")
        equal(chunks[-1].choices, [])
        assert chunks[-1].usage.completion_tokens > 0


def called(message):
    for call in message.tool_calls:
        assert isinstance(json.loads(call.function.arguments)["city"], str)
    return sorted(call.function.name for call in message.tool_calls)


@check("tools are called in parallel, and their results are answered with text")
def _():
    messages = asking("Use get_weather and get_time.")
    for model in MODELS:
        first = chat(model, messages, tools=TOOLS).choices[0]
        equal(first.finish_reason, "tool_calls")
        equal(called(first.message), ["get_time", "get_weather"])
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": "noon"} for call in first.message.tool_calls
        ]
        second = chat(model, [*messages, first.message, *results], tools=TOOLS).choices[0]
        assert second.message.content
        equal(second.finish_reason, "stop")


@check("streamed tool calls are put together from their pieces")
def _():
    messages = asking("Use get_weather and get_time.")
    with client.chat.completions.stream(model="claude", messages=messages, tools=TOOLS) as stream:
        for _event in stream:
            pass
        equal(called(stream.get_final_completion().choices[0].message), ["get_time", "get_weather"])


class Weather(BaseModel):
    city: str
    days: int


@check("parse gives an object of the schema, where the model has schemas and where a tool stands in")
def _():
    for model in MODELS:
        parsed = client.chat.completions.parse(
            model=model, messages=asking("The weather?"), response_format=Weather
        )
        assert isinstance(parsed.choices[0].message.parsed, Weather)


@check("embeddings of several texts come in their order, as numbers")
def _():
    reply = client.embeddings.create(model="titan", input=["one", "two", "one"], dimensions=256)
    equal([len(item.embedding) for item in reply.data], [256, 256, 256])
    equal(reply.data[0].embedding, reply.data[2].embedding)
    assert reply.data[0].embedding != reply.data[1].embedding
    assert reply.usage.prompt_tokens > 0


@check("what Converse cannot express is a BadRequestError that names it")
def _():
    error = failure(openai.BadRequestError, lambda: chat("claude", logit_bias={"1": 1}))
    equal(error.code, "unsupported_parameter")
    assert "logit_bias" in str(error)


@check("Bedrock's own refusal of a request is a BadRequestError with its words")
def _():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    error = failure(openai.BadRequestError, lambda: chat("claude", asking([picture])))
    assert error.status_code == 400


@check("a throttle is a RateLimitError with the time to wait")
def _():
    error = failure(openai.RateLimitError, lambda: chat("throttled"))
    equal(error.response.headers["retry-after"], "7")


@check("a stream that is cut is an APIError and no end")
def _():
    def read():
        for _chunk in chat("cut", stream=True):
            pass

    failure(openai.APIError, read)


run_checks()
