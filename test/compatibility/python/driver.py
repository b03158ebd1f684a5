"""The matrix's clients in Python: reads requests from its standard input and writes what came of them (../client.ts)."""

import concurrent.futures
import importlib
import json
import logging
import sys
import threading
import traceback
import warnings

from conversation import SENT, Cannot, Reply, Sent, hold

# Of each the module, the class in it, and where its errors are told: the module or the class.
CLIENTS = {
    "openai-chat": ("openai_chat", "Chat"),
    "openai-responses": ("openai_responses", "Responses"),
    "anthropic": ("anthropic_messages", "Messages"),
    "boto3-converse": ("boto3_converse", "Converse"),
    "boto3-invoke": ("boto3_invoke", "Invoke"),
    "langchain-openai": ("langchain_chat", "OpenAi"),
    "langchain-openai-responses": ("langchain_chat", "OpenAiResponses"),
    "langchain-anthropic": ("langchain_chat", "Anthropic"),
    "langchain-aws": ("langchain_chat", "Bedrock"),
    "llama-index": ("llama_index_chat", "Like"),
    "instructor-openai": ("instructor_objects", "OverOpenAi"),
    "instructor-openai-json": ("instructor_objects", "OverOpenAiJson"),
    "instructor-anthropic": ("instructor_objects", "OverAnthropic"),
}
THREADS = 16
WRITING = threading.Lock()


def client_of(name):
    """The client's class, its errors' classes, and what tells an error."""
    module_name, class_name = CLIENTS[name]
    module = importlib.import_module(module_name)
    made = getattr(module, class_name)
    if hasattr(made, "errors"):
        return made, made.errors, made.failure
    return made, module.ERRORS, module.failure


def outcome(request):
    ask = request["ask"]
    made, errors, failure = client_of(request["client"])
    reply = Reply()
    sent = Sent()
    SENT.set(sent)
    try:
        hold(made(request["where"], ask), ask, reply)
    except Cannot as reason:
        return {"cannot": str(reason)}
    except errors as error:
        told = {"name": type(error).__name__, "code": "", **failure(error)}
        return {"failed": {**told, "text": reply.text, "requests": sent.count}}
    return {"seen": {**reply.seen(), "requests": sent.count}}


def answer(request):
    try:
        told = outcome(request)
    except Exception:
        told = {"broken": traceback.format_exc()}
    with WRITING:
        print(json.dumps({"id": request["id"], **told}), file=ANSWERS, flush=True)


# What a package prints must not get in between.
ANSWERS = sys.stdout
sys.stdout = sys.stderr

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    # Threads that load packages at once see halves of them.
    for name in CLIENTS:
        client_of(name)
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin:
            pool.submit(answer, json.loads(line))
