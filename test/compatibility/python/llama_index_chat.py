"""`llama-index-llms-openai-like`."""

import openai_chat
import openai_sdk
from conversation import Cannot, Conversation, model_of, refuse, texts, without_none
from llama_index.core.base.llms.types import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
)
from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.llms.openai_like import OpenAILike
from openai_sdk import only_text, plain_messages

ERRORS = openai_sdk.ERRORS
failure = openai_sdk.failure


class Like(Conversation):
    def __init__(self, where, ask):
        refuse(
            ask,
            cache="has no marks for the prompt cache",
            next="has no previous_response_id",
            count="counts by itself",
            abort="leaves the connection open when its stream is closed",
        )
        self.ask = ask
        self.messages = [ChatMessage(role=each["role"], blocks=blocks(each)) for each in plain_messages(ask)]
        self.llm = OpenAILike(
            model=where["model"],
            api_base=f"{where['url']}/v1",
            api_key=where["key"],
            is_chat_model=True,
            is_function_calling_model=True,
            context_window=32_768,
            max_retries=0,
            timeout=30,
            http_client=openai_sdk.http_client(),
            **without_none({"max_tokens": ask.get("maxTokens"), "temperature": ask.get("temperature")}),
        )
        self.params = without_none(
            {"stop": ask.get("stop"), "reasoning_effort": "low" if ask.get("thinking") else None}
        )

    def once(self, reply):
        if "schema" in self.ask:
            return self.structured(reply)
        if not self.ask.get("stream"):
            ask = self.llm.chat_with_tools if "tools" in self.ask else self.llm.chat
            return read(ask(**self.arguments()), reply)
        return self.streamed(reply)

    def arguments(self):
        if "tools" not in self.ask:
            return {"messages": self.messages, **self.params}
        choice = self.ask.get("toolChoice")
        named = {"tool_choice": choice["tool"]} if isinstance(choice, dict) else {"tool_required": choice is not None}
        return {
            "tools": [tool_of(tool) for tool in self.ask["tools"]],
            "chat_history": list(self.messages),
            "allow_parallel_tool_calls": True,
            **named,
            **self.params,
        }

    def streamed(self, reply):
        ask = self.llm.stream_chat_with_tools if "tools" in self.ask else self.llm.stream_chat
        pieces = ask(**self.arguments(), stream_options={"include_usage": True})
        last = None
        for piece in pieces:
            reply.text += piece.delta or ""
            for choice in piece.raw.choices:
                reply.end(choice.finish_reason)
            openai_chat.read_usage(piece.raw.usage, reply)
            last = piece
        if last is None:
            return None
        reply.text = ""
        return read_message(last, reply)

    def structured(self, reply):
        """By a tool that must be called, its default for models that it does not know."""
        llm = self.llm.as_structured_llm(model_of("place", self.ask["schema"]))
        if self.ask.get("stream"):
            answer = list(llm.stream_chat(self.messages))[-1]
        else:
            answer = llm.chat(self.messages)
        reply.object = answer.raw.model_dump()
        reply.text = answer.message.content or ""
        return answer

    def add_results(self, answer, results):
        self.messages.append(answer.message)
        for id, text, _ in results:
            self.messages.append(
                ChatMessage(role=MessageRole.TOOL, content=text, additional_kwargs={"tool_call_id": id})
            )


def blocks(message):
    return [TextBlock(text=texts(message))] if only_text(message) else [block_of(part) for part in message["parts"]]


def block_of(part):
    match part["type"]:
        case "text":
            return TextBlock(text=part["text"])
        case "image":
            return ImageBlock(image=part["base64"].encode(), image_mimetype=part["mediaType"])
        case "image-url":
            return ImageBlock(url=part["url"])
        case "document":
            data = part["base64"].encode()
            return DocumentBlock(data=data, title=part["name"], document_mimetype=part["mediaType"])
        case "text-document":
            raise Cannot("knows no documents of plain text")


def tool_of(tool):
    metadata = ToolMetadata(
        name=tool["name"], description=tool["description"], fn_schema=model_of(tool["name"], tool["schema"])
    )
    return FunctionTool(fn=lambda **_arguments: None, metadata=metadata)


def read(answer, reply):
    [choice] = answer.raw.choices
    reply.end(choice.finish_reason)
    openai_chat.read_usage(answer.raw.usage, reply)
    return read_message(answer, reply)


def read_message(answer, reply):
    for block in answer.message.blocks:
        if isinstance(block, TextBlock):
            reply.text += block.text
        elif isinstance(block, ThinkingBlock):
            reply.thoughts += block.content or ""
    for call in OpenAILike.get_tool_calls_from_response(None, answer, error_on_no_tool_call=False):
        reply.call(call.tool_id, call.tool_name, call.tool_kwargs)
    return answer
