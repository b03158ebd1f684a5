"""OpenAI's SDK: clients that keep their connections, and how its errors are told."""

import functools
import json

import openai
from conversation import StreamFailed, counting, texts


@functools.cache
def http_client():
    return counting(openai.DefaultHttpxClient())


def sdk(url, key):
    return openai.OpenAI(
        base_url=f"{url}/v1",
        api_key=key,
        max_retries=0,
        timeout=30,
        http_client=http_client(),
    )


ERRORS = (openai.OpenAIError, StreamFailed)


def failure(error):
    if isinstance(error, StreamFailed):
        return {"name": type(error.event).__name__, "code": error.code, "message": error.message}
    body = getattr(error, "body", None)
    said = body.get("message") if isinstance(body, dict) else None
    told = {"code": getattr(error, "code", None) or "", "message": said or str(error)}
    response = getattr(error, "response", None)
    if response is not None:
        told.update(status=response.status_code, retryAfter=seconds(response.headers))
    return told


def seconds(headers):
    value = headers.get("retry-after")
    return None if value is None else float(value)


def chat_tools(ask):
    return [
        {
            "type": "function",
            "function": {"name": tool["name"], "description": tool["description"], "parameters": tool["schema"]},
        }
        for tool in ask.get("tools", [])
    ]


def json_text(value):
    return json.dumps(value, ensure_ascii=False)


def plain_messages(ask):
    """Roles and texts, the instructions first."""
    role = ask.get("systemRole", "system")
    return [
        *({"role": role, "parts": [{"type": "text", "text": text}]} for text in ask.get("system", [])),
        *ask["messages"],
    ]


def only_text(message):
    return all(part["type"] == "text" for part in message["parts"]) and texts(message)
