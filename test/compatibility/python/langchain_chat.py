"""LangChain's chat models: one way of asking, and what differs between them."""

import functools

import anthropic_messages
import boto3_sdk
import openai_sdk
from conversation import Cannot, Conversation, base64_of, counting, model_of, refuse, without_none
from langchain_anthropic import ChatAnthropic
from langchain_aws import ChatBedrockConverse
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI

ROLES = {"user": HumanMessage, "assistant": AIMessage, "system": SystemMessage}


class LangChain(Conversation):
    """A subclass makes the model, and says how parts are named where theirs are not LangChain's own."""

    def __init__(self, where, ask):
        self.ask = ask
        self.model = self.make(where, ask)
        self.messages = [SystemMessage(self.system(ask))] if len(ask.get("system", [])) == 1 else []
        if not self.messages:
            self.messages += [SystemMessage(text) for text in ask.get("system", [])]
        self.messages += [self.message(each) for each in ask["messages"]]

    def make(self, where, ask):
        raise NotImplementedError

    def system(self, ask):
        return ask["system"][0]

    def message(self, message):
        parts = [self.part(part) for part in message["parts"]]
        simple = len(parts) == 1 and parts[0]["type"] == "text"
        return ROLES[message["role"]](parts[0]["text"] if simple else parts)

    def part(self, part):
        match part["type"]:
            case "text":
                return {"type": "text", "text": part["text"]}
            case "image":
                return {"type": "image", "base64": part["base64"], "mime_type": part["mediaType"]}
            case "image-url":
                return {"type": "image", "url": part["url"]}
            case "document":
                return self.file(part["name"], part["mediaType"], part["base64"])
            case "text-document":
                return self.file(part["name"], "text/plain", base64_of(part["text"]))

    def file(self, name, media_type, data):
        return {"type": "file", "base64": data, "mime_type": media_type, "filename": name}

    def runnable(self):
        if "schema" in self.ask:
            place = model_of("place", self.ask["schema"])
            return self.model.with_structured_output(place, method="json_schema", include_raw=True)
        if "tools" not in self.ask:
            return self.model
        choice = self.ask.get("toolChoice")
        chosen = {} if choice is None else {"tool_choice": choice["tool"] if isinstance(choice, dict) else "any"}
        return self.model.bind_tools([tool_of(tool) for tool in self.ask["tools"]], **chosen)

    def once(self, reply):
        answer = self.streamed(reply) if self.ask.get("stream") else self.runnable().invoke(self.messages)
        if isinstance(answer, dict):
            if answer.get("parsed") is not None:
                reply.object = answer["parsed"].model_dump()
            answer = answer["raw"]
        if answer is not None:
            read(answer, reply)
        return answer

    def streamed(self, reply):
        """The chunks' sum; None where the application left."""
        whole = None
        chunks = self.runnable().stream(self.messages)
        for chunk in chunks:
            whole = chunk if whole is None else whole + chunk
            if "schema" not in self.ask:
                reply.text += str(chunk.text)
            if self.ask.get("abort") and reply.text:
                chunks.close()
                return None
        reply.clear()
        return whole

    def add_results(self, answer, results):
        self.messages.append(answer)
        for id, text, failed in results:
            self.messages.append(ToolMessage(text, tool_call_id=id, status="error" if failed else "success"))


def tool_of(tool):
    function = {"name": tool["name"], "description": tool["description"], "parameters": tool["schema"]}
    return {"type": "function", "function": function}


def read(message, reply):
    reply.text = str(message.text)
    for block in message.content_blocks:
        if block["type"] == "reasoning":
            reply.thoughts += block.get("reasoning", "")
    for call in message.tool_calls:
        reply.call(call["id"], call["name"], call["args"])
    metadata = message.response_metadata
    reply.end(reason_of(metadata, reply))
    usage = message.usage_metadata
    if usage is not None:
        cached = usage.get("input_token_details", {}).get("cache_read")
        reasoning = usage.get("output_token_details", {}).get("reasoning")
        reply.use(usage["input_tokens"], usage["output_tokens"], cached, reasoning)


def reason_of(metadata, reply):
    if "status" in metadata:
        details = metadata.get("incomplete_details") or {}
        full = {"max_output_tokens": "length"}.get(details.get("reason"))
        return full or ("tool_calls" if reply.calls else "stop" if metadata["status"] == "completed" else "other")
    return metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("stopReason")


@functools.cache
def async_http_client():
    # ChatOpenAI makes one for each model, though nothing here uses it.
    return openai_sdk.openai.DefaultAsyncHttpxClient()


class OpenAi(LangChain):
    """`ChatOpenAI`, chat completions."""

    errors, failure = openai_sdk.ERRORS, staticmethod(openai_sdk.failure)

    def make(self, where, ask):
        refuse(
            ask,
            cache="has no marks for the prompt cache",
            count="counts by itself",
            next="has no previous_response_id",
        )
        return self.chat(where, ask, reasoning_effort="low" if ask.get("thinking") else None)

    def chat(self, where, ask, **more):
        return ChatOpenAI(
            base_url=f"{where['url']}/v1",
            api_key=where["key"],
            model=where["model"],
            max_retries=0,
            timeout=30,
            stream_usage=True,
            http_client=openai_sdk.http_client(),
            http_async_client=async_http_client(),
            **without_none(
                {
                    "max_tokens": ask.get("maxTokens"),
                    "temperature": ask.get("temperature"),
                    "stop": ask.get("stop"),
                    **more,
                }
            ),
        )

    def part(self, part):
        if part["type"] == "text-document":
            raise Cannot("has no documents of plain text")
        return super().part(part)

    def __init__(self, where, ask):
        super().__init__(where, ask)
        if ask.get("systemRole"):
            for message in self.messages:
                if isinstance(message, SystemMessage):
                    message.additional_kwargs["__openai_role__"] = ask["systemRole"]


class OpenAiResponses(OpenAi):
    """`ChatOpenAI`, the Responses API."""

    def make(self, where, ask):
        refuse(
            ask,
            cache="has no marks for the prompt cache",
            count="counts by itself",
            stop="has no stop sequences",
        )
        thinking = {"effort": "low", "summary": "auto"}
        stateless = {"reasoning": thinking, "include": ["reasoning.encrypted_content"], "store": False}
        more = stateless if ask.get("thinking") else {}
        return self.chat(where, ask, use_responses_api=True, output_version="responses/v1", **more)

    def go_on(self, answer, question):
        self.model = self.model.bind(previous_response_id=answer.response_metadata["id"])
        self.messages = [HumanMessage(question)]


class Anthropic(LangChain):
    """`ChatAnthropic`."""

    errors, failure = anthropic_messages.ERRORS, staticmethod(anthropic_messages.failure)

    def make(self, where, ask):
        refuse(ask, systemRole="has no role `developer`", next="has no previous_response_id")
        no_later_system(ask)
        made = ChatAnthropic(
            base_url=f"{where['url']}/anthropic",
            api_key=where["key"],
            model=where["model"],
            max_retries=0,
            timeout=30,
            max_tokens=ask.get("maxTokens", 1_024),
            **without_none(
                {
                    "temperature": ask.get("temperature"),
                    "stop": ask.get("stop"),
                    "thinking": {"type": "enabled", "budget_tokens": 2_048} if ask.get("thinking") else None,
                }
            ),
        )
        counting(made._client._client)
        return made

    def system(self, ask):
        text = super().system(ask)
        if not ask.get("cache"):
            return text
        return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]

    def part(self, part):
        if part["type"] == "text-document":
            return {"type": "text-plain", "text": part["text"], "mime_type": "text/plain", "title": part["name"]}
        return super().part(part)

    def count(self):
        return self.model.get_num_tokens_from_messages(self.messages)


class Bedrock(LangChain):
    """`ChatBedrockConverse`."""

    errors, failure = boto3_sdk.ERRORS, staticmethod(boto3_sdk.failure)

    def make(self, where, ask):
        refuse(
            ask,
            systemRole="has no role `developer`",
            count="counts for the model's own name only",
            next="has no previous_response_id",
        )
        thinking = {"thinking": {"type": "enabled", "budget_tokens": 2_048}}
        return ChatBedrockConverse(
            client=boto3_sdk.sdk(where),
            bedrock_client=boto3_sdk.sdk(where),
            model=where["model"],
            # What it takes the model behind the gateway's name for; without both it does not stream.
            provider="anthropic",
            base_model="anthropic.claude-sonnet-4-5-20250929-v1:0",
            region_name="us-east-1",
            **without_none(
                {
                    "max_tokens": ask.get("maxTokens"),
                    "temperature": ask.get("temperature"),
                    "stop": ask.get("stop"),
                    "additional_model_request_fields": thinking if ask.get("thinking") else None,
                }
            ),
        )

    def system(self, ask):
        text = super().system(ask)
        return [text, ChatBedrockConverse.create_cache_point()] if ask.get("cache") else text

    def part(self, part):
        if part["type"] == "image-url":
            raise Cannot("has no images by address")
        return super().part(part)

    def file(self, name, media_type, data):
        # Names have no dots there.
        return super().file(name.partition(".")[0], media_type, data)


def no_later_system(ask):
    if any(message["role"] == "system" for message in ask["messages"]):
        raise Cannot("takes system messages in front only")
