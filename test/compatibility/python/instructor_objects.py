"""`instructor`: objects of a class, over OpenAI's SDK and Anthropic's; without a class it only hands requests through."""

import anthropic_messages
import claude_body
import instructor
import openai_chat
import openai_sdk
from conversation import Cannot, model_of
from instructor.core.exceptions import InstructorRetryException

MODE = instructor.Mode


def over_openai(url, key, mode):
    return instructor.from_openai(openai_sdk.sdk(url, key), mode=mode)


def over_anthropic(url, key):
    return instructor.from_anthropic(anthropic_messages.sdk(url, key), mode=MODE.TOOLS)


def inner(error):
    """The SDK's own error, which instructor wraps."""
    while isinstance(error, InstructorRetryException) and error.__cause__ is not None:
        error = error.__cause__
    return getattr(getattr(error, "last_attempt", None), "exception", lambda: error)()


class OverOpenAi(openai_chat.Chat):
    errors = (*openai_sdk.ERRORS, InstructorRetryException)
    mode = MODE.TOOLS

    @staticmethod
    def failure(error):
        return openai_sdk.failure(inner(error))

    def __init__(self, where, ask):
        super().__init__(where, ask)
        self.sdk = over_openai(where["url"], where["key"], self.mode)
        # Once more where the answer does not fit is not what is looked at.
        self.params["max_retries"] = 0

    def create(self, reply):
        if "schema" not in self.ask:
            return self.sdk.chat.completions.create(response_model=None, messages=self.messages, **self.params)
        place, completion = self.sdk.chat.completions.create_with_completion(
            response_model=model_of("place", self.ask["schema"]), messages=self.messages, **self.params
        )
        reply.object = place.model_dump()
        return completion

    def streamed(self, reply):
        if "schema" not in self.ask:
            self.params["response_model"] = None
            return super().streamed(reply)
        reply.object = last_of(self.sdk, self.ask, messages=self.messages, **self.params)
        return None

    def add_results(self, answer, results):
        # It takes no objects of the SDK's.
        plain = answer if isinstance(answer, dict) else answer.model_dump(exclude_none=True)
        super().add_results({"content": None, **plain}, results)


class OverOpenAiJson(OverOpenAi):
    mode = MODE.JSON_SCHEMA

    def __init__(self, where, ask):
        if "schema" not in ask:
            raise Cannot("is the same as with tools")
        super().__init__(where, ask)


class OverAnthropic(anthropic_messages.Messages):
    errors = (*anthropic_messages.ERRORS, InstructorRetryException)

    @staticmethod
    def failure(error):
        return anthropic_messages.failure(inner(error))

    def __init__(self, where, ask):
        if "schema" not in ask and ask.get("stream"):
            raise Cannot("streams objects only")
        super().__init__(where, ask)
        self.wrapped = over_anthropic(where["url"], where["key"])

    def whole(self, reply):
        if "schema" not in self.ask:
            message = self.wrapped.messages.create(response_model=None, max_retries=0, **self.params())
            return anthropic_messages.read(message, reply)
        place, message = self.wrapped.messages.create_with_completion(
            response_model=model_of("place", self.ask["schema"]), max_retries=0, **self.params()
        )
        claude_body.read(message.model_dump(mode="json"), reply)
        reply.object = place.model_dump()
        return message

    def streamed(self, reply):
        reply.object = last_of(self.wrapped, self.ask, max_retries=0, **self.params())
        return None


def last_of(client, ask, **params):
    """The last of the partial objects, which is whole."""
    partials = list(client.create_partial(response_model=model_of("place", ask["schema"]), **params))
    return partials[-1].model_dump()
