"""What the checks of openai_client.py share: the SDK's client, the list of checks, and small helpers."""

import json
import os
import traceback

import openai

URL = os.environ["SWITCHYARD_URL"]
KEY = os.environ["SWITCHYARD_KEY"]
HELLO = [{"role": "user", "content": "hi"}]
MEGABYTE = 1_000_000

client = openai.OpenAI(base_url=URL, api_key=KEY, max_retries=0, timeout=60)
CHECKS = []


def check(rule):
    """Registers a check; it fails where it raises."""

    def register(function):
        CHECKS.append((rule, function))
        return function

    return register


def run_checks():
    """Prints one JSON line a check: {"check", "ok", "got"}."""
    for rule, function in CHECKS:
        try:
            function()
            line = {"check": rule, "ok": True, "got": None}
        except Exception:
            line = {"check": rule, "ok": False, "got": traceback.format_exc(limit=-3)}
        print(json.dumps(line), flush=True)


def equal(got, expected):
    assert got == expected, f"{got!r} is not {expected!r}"


def failure(kind, call):
    """The SDK's error of the given class that the call must raise."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def asking(content):
    return [{"role": "user", "content": content}]


def chat(model, messages=HELLO, **options):
    return client.chat.completions.create(model=model, messages=messages, **options)


def tool(name):
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


TOOLS = [tool("get_weather"), tool("get_time")]


def names(message):
    """The called functions' names, their arguments checked."""
    for call in message.tool_calls:
        equal(json.loads(call.function.arguments), {"city": "simulated"})
    return [call.function.name for call in message.tool_calls]
