"""`openai`, chat completions."""

from conversation import Cannot, Conversation, data_url, model_of, refuse, without_none
from openai_sdk import ERRORS, chat_tools, failure, only_text, plain_messages, sdk

__all__ = ["ERRORS", "Chat", "failure"]


class Chat(Conversation):
    def __init__(self, where, ask):
        refuse(ask, cache="has no marks for the prompt cache", next="has no previous_response_id")
        self.sdk = sdk(where["url"], where["key"])
        self.ask = ask
        self.messages = [{"role": each["role"], "content": content(each)} for each in plain_messages(ask)]
        self.params = without_none(
            {
                "model": where["model"],
                "tools": chat_tools(ask) or None,
                "tool_choice": tool_choice(ask.get("toolChoice")),
                "max_completion_tokens": ask.get("maxTokens"),
                "temperature": ask.get("temperature"),
                "stop": ask.get("stop"),
                "reasoning_effort": "low" if ask.get("thinking") else None,
            }
        )

    def once(self, reply):
        return self.streamed(reply) if self.ask.get("stream") else self.whole(reply)

    def whole(self, reply):
        return read(self.create(reply), reply)

    def create(self, reply):
        completions = self.sdk.chat.completions
        if not self.ask.get("schema"):
            return completions.create(messages=self.messages, **self.params)
        place = model_of("place", self.ask["schema"])
        completion = completions.parse(messages=self.messages, response_format=place, **self.params)
        reply.object = completion.choices[0].message.parsed.model_dump()
        return completion

    def streamed(self, reply):
        if self.ask.get("schema"):
            return self.parsed_stream(reply)
        answer = Gathered()
        with self.sdk.chat.completions.create(
            messages=self.messages, stream=True, stream_options={"include_usage": True}, **self.params
        ) as stream:
            for chunk in stream:
                answer.add(chunk, reply)
                if self.ask.get("abort") and reply.text:
                    return None
        for call in answer.calls.values():
            reply.call(call["id"], call["function"]["name"], call["function"]["arguments"])
        return answer.message(reply)

    def parsed_stream(self, reply):
        place = model_of("place", self.ask["schema"])
        with self.sdk.chat.completions.stream(
            messages=self.messages, response_format=place, stream_options={"include_usage": True}, **self.params
        ) as stream:
            for event in stream:
                if event.type == "content.delta":
                    reply.text += event.delta
            completion = stream.get_final_completion()
        reply.text = ""
        reply.object = completion.choices[0].message.parsed.model_dump()
        return read(completion, reply)

    def add_results(self, answer, results):
        self.messages.append(answer)
        for id, text, _ in results:
            self.messages.append({"role": "tool", "tool_call_id": id, "content": text})


def tool_choice(choice):
    if isinstance(choice, dict):
        return {"type": "function", "function": {"name": choice["tool"]}}
    return None if choice is None else "required"


def content(message):
    return only_text(message) or [part_of(part) for part in message["parts"]]


def part_of(part):
    match part["type"]:
        case "text":
            return {"type": "text", "text": part["text"]}
        case "image":
            return {"type": "image_url", "image_url": {"url": data_url(part["mediaType"], part["base64"])}}
        case "image-url":
            return {"type": "image_url", "image_url": {"url": part["url"]}}
        case "document":
            return file_of(part["name"], data_url(part["mediaType"], part["base64"]))
        case "text-document":
            raise Cannot("has no documents of plain text")


def file_of(name, data):
    return {"type": "file", "file": {"filename": name, "file_data": data}}


def read(completion, reply):
    [choice] = completion.choices
    message = choice.message
    reply.text += message.content or ""
    reply.thoughts += thought_of(message)
    for call in message.tool_calls or []:
        reply.call(call.id, call.function.name, call.function.arguments)
    reply.end(choice.finish_reason)
    read_usage(completion.usage, reply)
    return message


def thought_of(message):
    """Engines have two names for it, and the SDK keeps what it does not know."""
    return getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None) or ""


def read_usage(usage, reply):
    if usage is None:
        return
    prompt, output = usage.prompt_tokens_details, usage.completion_tokens_details
    reply.use(
        usage.prompt_tokens,
        usage.completion_tokens,
        prompt and prompt.cached_tokens,
        output and output.reasoning_tokens,
    )


class Gathered:
    """A message put together from a stream's deltas."""

    def __init__(self):
        self.calls = {}
        # Members that are no OpenAI's: thoughts, and proofs of them.
        self.others = {}

    def add(self, chunk, reply):
        read_usage(chunk.usage, reply)
        for choice in chunk.choices:
            delta = choice.delta
            reply.text += delta.content or ""
            reply.thoughts += thought_of(delta)
            self.add_others(delta.model_extra)
            for call in delta.tool_calls or []:
                self.add_call(call)
            if choice.finish_reason is not None:
                reply.end(choice.finish_reason)

    def add_others(self, members):
        for name, value in members.items():
            self.others[name] = self.others[name] + value if name in self.others else value

    def add_call(self, delta):
        empty = {"id": delta.id, "type": "function", "function": {"name": "", "arguments": ""}}
        function = self.calls.setdefault(delta.index, empty)["function"]
        function["name"] += delta.function.name or ""
        function["arguments"] += delta.function.arguments or ""

    def message(self, reply):
        message = {"role": "assistant", "content": reply.text or None, **self.others}
        if self.calls:
            message["tool_calls"] = list(self.calls.values())
        return message
