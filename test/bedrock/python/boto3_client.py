"""boto3 of PyPI, driven over stdin and stdout by boto3.ts, which has the types of what goes over them.

Reads one JSON line a call, in order, and writes one JSON line a call; a streamed reply writes one line an event before.
Bytes stand in JSON as {"$bytes": base64}, and whole numbers that JavaScript cannot hold as {"$int": digits}.
"""

import base64
import concurrent.futures
import contextlib
import datetime
import json
import os
import sys
from unittest import mock

import aws_bedrock_token_generator
import boto3
import botocore.auth
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from urllib3.exceptions import HTTPError

CLIENTS = {}


def client_of(options):
    """The client with these options, made once, so that it keeps its connections."""
    name = json.dumps(options, sort_keys=True)
    if name not in CLIENTS:
        CLIENTS[name] = make_client(options)
    return CLIENTS[name]


def make_client(options):
    config = Config(
        retries={"total_max_attempts": options.get("attempts", 1), "mode": options.get("retryMode", "standard")},
        read_timeout=options.get("readTimeout", 60),
        parameter_validation=options.get("validation", True),
        user_agent_extra="switchyard-tests",
    )
    made = boto3.session.Session(region_name=options.get("region", "us-east-1")).client(
        "bedrock-runtime",
        endpoint_url=options.get("endpoint"),
        aws_access_key_id=options.get("accessKeyId"),
        aws_secret_access_key=options.get("secretAccessKey"),
        aws_session_token=options.get("sessionToken"),
        verify=options.get("verify"),
        config=config,
    )
    add_headers(made, options.get("headers", {}))
    return made


def add_headers(made, headers):
    """As boto3's own guide has it, so that they are signed; names what is sent, for tests to look at."""

    def before_sign(request, **_kwargs):
        for name, value in headers.items():
            request.headers[name] = value

    made.meta.events.register("before-sign.bedrock-runtime.*", before_sign)
    made.meta.events.register("before-send.bedrock-runtime.*", remember)


SENT = {}


def remember(request, **_kwargs):
    SENT["url"] = request.url
    SENT["headers"] = {name.lower(): text_of(value) for name, value in request.headers.items()}


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def environment(options):
    """boto3 looks for the bearer key when a client is made and again when it signs."""
    bearer = options.get("bearer")
    return mock.patch.dict(os.environ, {} if bearer is None else {"AWS_BEARER_TOKEN_BEDROCK": bearer})


@contextlib.contextmanager
def clock(seconds):
    """Signs as a machine does whose clock is so many seconds ahead."""
    now = botocore.auth.get_current_datetime

    def moved(remove_tzinfo=True):
        return now(remove_tzinfo) + datetime.timedelta(seconds=seconds)

    with mock.patch.object(botocore.auth, "get_current_datetime", moved):
        yield


def run(command):
    if command.get("threads", 1) > 1:
        with concurrent.futures.ThreadPoolExecutor(command["threads"]) as pool:
            calls = [pool.submit(run_one, {**command, "id": None}) for _ in range(command["threads"])]
            return {"reply": [call.result()["metadata"] for call in calls]}
    return run_one(command)


def provide_token(region, expiry):
    """A short-term key, signed with the environment's pair; nothing is sent."""
    lifetime = datetime.timedelta(seconds=expiry)
    return {"reply": aws_bedrock_token_generator.provide_token(region=region, expiry=lifetime)}


def run_one(command):
    SENT.clear()
    if command["call"] == "provide_token":
        with clock(command.get("clock", 0)):
            return provide_token(**command["params"])
    options = command["client"]
    with clock(command.get("clock", 0)), environment(options):
        method = getattr(client_of(options), command["call"])
        reply = method(**command["params"])
    metadata = reply.pop("ResponseMetadata")
    for name in ("stream", "body"):
        if hasattr(reply.get(name), "get_initial_response"):
            return read_stream(command, metadata, reply, reply.pop(name))
        if hasattr(reply.get(name), "read"):
            reply[name] = reply[name].read()
    return {"reply": reply, "metadata": metadata}


def read_stream(command, metadata, reply, stream):
    """Tells every event when it comes; leaves after as many as it was told."""
    count = 0
    for event in stream:
        if command["id"] is not None:
            tell({"id": command["id"], "event": event})
        count += 1
        if count == command.get("leaveAfter"):
            stream.close()
            break
    return {"reply": reply, "metadata": metadata}


def failure(error):
    told = {"kind": type(error).__name__, "message": str(error)}
    response = getattr(error, "response", None)
    # An error of a stream has the exception's members and nothing else.
    if isinstance(error, EventStreamError):
        told.update(code=response["Error"].get("Code"), said=response["Error"].get("Message"))
    elif isinstance(error, ClientError):
        told.update(code=response["Error"]["Code"], said=response["Error"]["Message"])
        told.update(metadata=response["ResponseMetadata"])
        rest = ("Error", "ResponseMetadata", "message", "Message")
        told.update(members={name: value for name, value in response.items() if name not in rest})
    return told


def tell(line):
    print(json.dumps(encoded(line), default=str), flush=True)


def encoded(value):
    if isinstance(value, dict):
        return {name: encoded(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(inner) for inner in value]
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, int) and abs(value) >= 2**53:
        return {"$int": str(value)}
    return value


def decoded(value):
    if set(value) == {"$bytes"}:
        return base64.b64decode(value["$bytes"])
    return int(value["$int"]) if set(value) == {"$int"} else value


def main():
    tell({"id": 0, "versions": {"boto3": boto3.__version__, "botocore": botocore.__version__}})
    for line in sys.stdin:
        command = json.loads(line, object_hook=decoded)
        try:
            answer = run(command)
        except (BotoCoreError, ClientError, HTTPError) as error:
            answer = {"error": failure(error)}
        tell({"id": command["id"], "sent": dict(SENT), **answer})


if __name__ == "__main__":
    main()
