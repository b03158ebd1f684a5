"""boto3's client of Bedrock's runtime, and how its errors are told."""

import contextvars
import functools
import threading

import boto3
import botocore.credentials
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from conversation import count_sent
from openai_sdk import seconds

ERRORS = (BotoCoreError, ClientError)
MAKING = threading.Lock()


class PairOfAsk(botocore.credentials.Credentials):
    """A client takes long to make, and every request has a pair of its own: so clients ask for it when they sign."""

    def __init__(self):
        super().__init__("none", "none")

    def get_frozen_credentials(self):
        pair = PAIR.get()
        return botocore.credentials.ReadOnlyCredentials(pair["accessKeyId"], pair["secretAccessKey"], None)


PAIR = contextvars.ContextVar("PAIR")


def sdk(where):
    PAIR.set(where["pair"])
    # Clients may be used by many threads but not made by them.
    with MAKING:
        return make(where["url"])


@functools.cache
def make(url):
    session = botocore.session.Session()
    session._credentials = PairOfAsk()
    made = boto3.session.Session(botocore_session=session, region_name="us-east-1").client(
        "bedrock-runtime",
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30, max_pool_connections=32),
    )
    made.meta.events.register("before-send.bedrock-runtime.*", count_sent)
    return made


def failure(error):
    response = getattr(error, "response", None)
    if response is None:
        return {"message": str(error)}
    told = {"message": response["Error"].get("Message") or str(error)}
    # An error of a stream has the exception's members and nothing else.
    if isinstance(error, EventStreamError):
        return told
    metadata = response["ResponseMetadata"]
    return {**told, "status": metadata["HTTPStatusCode"], "retryAfter": seconds(metadata["HTTPHeaders"])}
