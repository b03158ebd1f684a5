"""The official openai package of PyPI asks a Switchyard gateway for responses.

    SWITCHYARD_URL=http://…/v1 SWITCHYARD_KEY=sy-… python responses_client.py

It is run by openai-python.test.ts; what the targets do stands in setup.ts. Prints one JSON line a check, as
../clients/openai_client.py does.
"""

import asyncio
import json
import sys
from pathlib import Path

import openai

sys.path.insert(0, str(Path(__file__).parent.parent / "clients"))

from openai_harness import KEY, URL, check, client, equal, failure, run_checks  # noqa: E402
from pydantic import BaseModel  # noqa: E402

TARGETS = ("sim", "chat", "native", "claude")
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "name": name, "parameters": PARAMETERS, "strict": True}
    for name in ("get_weather", "get_time")
]


def ask(model, words="hi", **options):
    return client.responses.create(model=model, input=words, **options)


@check("a response has its text and usage on every kind of target")
def _():
    for model in TARGETS:
        response = ask(model)
        equal(response.status, "completed")
        assert response.output_text
        equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens)


@check("a stream gives its events in order and then the whole response")
def _():
    for model in TARGETS:
        with client.responses.stream(model=model, input="hi") as stream:
            events = list(stream)
            final = stream.get_final_response()
        equal([event.sequence_number for event in events], list(range(len(events))))
        equal((events[0].type, events[-1].type), ("response.created", "response.completed"))
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        equal(final.output_text, text)
        assert text


@check("stream=True gives the same events")
def _():
    for model in TARGETS:
        types = [event.type for event in ask(model, stream=True)]
        equal((types[0], types[-1]), ("response.created", "response.completed"))


@check("a loop of tools goes on by previous_response_id alone, and its calls are in parallel")
def _():
    for model in ("sim", "claude"):
        first = ask(model, "call get_weather and get_time", tools=TOOLS)
        calls = [item for item in first.output if item.type == "function_call"]
        equal([call.name for call in calls], ["get_weather", "get_time"])
        for call in calls:
            assert "city" in json.loads(call.arguments)
        results = [
            {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"} for call in calls
        ]
        second = ask(model, results, tools=TOOLS, previous_response_id=first.id)
        equal(second.previous_response_id, first.id)
        assert second.output_text


@check("an output goes back as the input's items, as the SDK gives them")
def _():
    for model in TARGETS:
        history = [{"role": "user", "content": "hi"}]
        history += ask(model, history, store=False).output
        history += [{"role": "user", "content": "go on"}]
        assert ask(model, history, store=False).output_text


@check("a response can be retrieved, listed and deleted, and is then gone")
def _():
    for model in TARGETS:
        made = ask(model)
        equal(client.responses.retrieve(made.id).output_text, made.output_text)
        items = list(client.responses.input_items.list(made.id))
        equal([item.type for item in items], ["message"])
        client.responses.delete(made.id)
        failure(openai.NotFoundError, lambda: client.responses.retrieve(made.id))
        error = failure(openai.BadRequestError, lambda: ask(model, previous_response_id=made.id))
        equal(error.code, "invalid_request")


class Weather(BaseModel):
    city: str
    days: int


@check("parse gives an object of the schema")
def _():
    for model in ("sim", "claude"):
        parsed = client.responses.parse(model=model, input="hi", text_format=Weather)
        assert isinstance(parsed.output_parsed, Weather), parsed.output_text


@check("with_raw_response shows the exchange and its cost")
def _():
    raw = client.responses.with_raw_response.create(model="native", input="hi")
    equal(raw.headers["x-switchyard-target"], "native")
    equal(raw.headers["x-switchyard-cost-usd"], "0.000018")
    assert raw.headers["x-switchyard-exchange"]


@check("a count of tokens is a number")
def _():
    assert client.responses.input_tokens.count(model="sim", input="how many are these?").input_tokens > 0


@check("what costs by the call is a PermissionDeniedError, and what runs in the background a BadRequestError")
def _():
    for model in TARGETS:
        tools = [{"type": "web_search"}]
        error = failure(openai.PermissionDeniedError, lambda: ask(model, tools=tools))
        equal(error.code, "unpriced")
        error = failure(openai.BadRequestError, lambda: ask(model, background=True))
        equal(error.code, "unsupported_parameter")


@check("a stream that is cut raises")
def _():
    for model in ("cut-chat", "cut-native"):

        def read(target=model):
            for event in ask(target, stream=True):
                assert event.type != "response.completed"

        error = failure(openai.APIError, read)
        equal(error.code, "upstream_error")


@check("the asynchronous client streams, and goes on from what it has just read")
def _():
    asyncio.run(asynchronous())


async def asynchronous():
    async with openai.AsyncOpenAI(base_url=URL, api_key=KEY, max_retries=0) as other:

        async def talk(model):
            async with other.responses.stream(model=model, input="hi") as stream:
                first = await stream.get_final_response()
            second = await other.responses.create(model=model, input="more", previous_response_id=first.id)
            equal((await other.responses.retrieve(second.id)).previous_response_id, first.id)

        await asyncio.gather(*(talk(model) for model in TARGETS * 5))


if __name__ == "__main__":
    run_checks()
