"""`openai`, the Responses API."""

from conversation import Cannot, Conversation, StreamFailed, data_url, model_of, refuse, without_none
from openai_sdk import ERRORS, failure, only_text, plain_messages, sdk

__all__ = ["ERRORS", "Responses", "failure"]

ENCRYPTED = "reasoning.encrypted_content"


class Responses(Conversation):
    def __init__(self, where, ask):
        refuse(ask, cache="has no marks for the prompt cache", stop="has no stop sequences")
        self.sdk = sdk(where["url"], where["key"])
        self.ask = ask
        system = ask.get("system", [])
        in_front = len(system) == 1 and "systemRole" not in ask
        asked = {**ask, "system": []} if in_front else ask
        self.input = [
            {"type": "message", "role": each["role"], "content": content(each)} for each in plain_messages(asked)
        ]
        thinks = ask.get("thinking")
        self.model = where["model"]
        self.instructions = {"instructions": system[0]} if in_front else {}
        self.params = without_none(
            {
                "model": self.model,
                **self.instructions,
                "tools": tools(ask) or None,
                "tool_choice": tool_choice(ask.get("toolChoice")),
                "max_output_tokens": ask.get("maxTokens"),
                "temperature": ask.get("temperature"),
                "reasoning": {"effort": "low", "summary": "auto"} if thinks else None,
                # Who keeps the history itself gets thoughts encrypted.
                "include": [ENCRYPTED] if thinks else None,
                "store": False if thinks else None,
            }
        )

    def once(self, reply):
        return self.streamed(reply) if self.ask.get("stream") else self.whole(reply)

    def whole(self, reply):
        if not self.ask.get("schema"):
            return read(self.sdk.responses.create(input=self.input, **self.params), reply)
        place = model_of("place", self.ask["schema"])
        response = self.sdk.responses.parse(input=self.input, text_format=place, **self.params)
        reply.object = response.output_parsed.model_dump()
        return read(response, reply)

    def streamed(self, reply):
        if self.ask.get("schema"):
            return self.parsed_stream(reply)
        response = None
        with self.sdk.responses.create(input=self.input, stream=True, **self.params) as stream:
            for event in stream:
                add(event, reply)
                if self.ask.get("abort") and reply.text:
                    return None
                if event.type in ("response.completed", "response.incomplete"):
                    response = event.response
        if response is None:
            return None
        reply.clear()
        return read(response, reply)

    def parsed_stream(self, reply):
        place = model_of("place", self.ask["schema"])
        with self.sdk.responses.stream(input=self.input, text_format=place, **self.params) as stream:
            for event in stream:
                add(event, reply)
            response = stream.get_final_response()
        reply.clear()
        reply.object = response.output_parsed.model_dump()
        return read(response, reply)

    def add_results(self, answer, results):
        self.input += answer.output
        for id, text, _ in results:
            self.input.append({"type": "function_call_output", "call_id": id, "output": text})

    def go_on(self, answer, question):
        self.params["previous_response_id"] = answer.id
        self.input = question

    def count(self):
        counted = self.sdk.responses.input_tokens.count(model=self.model, input=self.input, **self.instructions)
        return counted.input_tokens


def add(event, reply):
    match event.type:
        case "response.output_text.delta":
            reply.text += event.delta
        case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
            reply.thoughts += event.delta
        case "error":
            raise StreamFailed(event, event.code or "", event.message)
        case "response.failed":
            error = event.response.error
            raise StreamFailed(event, error.code, error.message)


def tools(ask):
    return [
        {
            "type": "function",
            "name": tool["name"],
            "description": tool["description"],
            "parameters": tool["schema"],
            "strict": False,
        }
        for tool in ask.get("tools", [])
    ]


def tool_choice(choice):
    if isinstance(choice, dict):
        return {"type": "function", "name": choice["tool"]}
    return None if choice is None else "required"


def content(message):
    return only_text(message) or [part_of(part) for part in message["parts"]]


def part_of(part):
    match part["type"]:
        case "text":
            return {"type": "input_text", "text": part["text"]}
        case "image":
            url = data_url(part["mediaType"], part["base64"])
            return {"type": "input_image", "detail": "auto", "image_url": url}
        case "image-url":
            return {"type": "input_image", "detail": "auto", "image_url": part["url"]}
        case "document":
            data = data_url(part["mediaType"], part["base64"])
            return {"type": "input_file", "filename": part["name"], "file_data": data}
        case "text-document":
            raise Cannot("has no documents of plain text")


def read(response, reply):
    reply.text = response.output_text
    for item in response.output:
        if item.type == "reasoning":
            reply.thoughts += "".join(part.text for part in [*item.summary, *(item.content or [])])
        if item.type == "function_call":
            reply.call(item.call_id, item.name, item.arguments)
    if response.status == "completed":
        reply.finish = "calls" if reply.calls else "end"
    else:
        details = response.incomplete_details
        reply.finish = "length" if details and details.reason == "max_output_tokens" else "other"
    usage = response.usage
    if usage is not None:
        reply.use(
            usage.input_tokens,
            usage.output_tokens,
            usage.input_tokens_details.cached_tokens,
            usage.output_tokens_details.reasoning_tokens,
        )
    return response
