"""A request in the form of Anthropic's Messages, which its SDK and Bedrock's InvokeModel share, and how its reply is read."""

from conversation import refuse, texts, without_none

# The API wants a limit.
MOST_TOKENS = 1_024


def members(ask):
    """Of a body, but for model, messages and stream."""
    refuse(ask, systemRole="has no role `developer`")
    return without_none(
        {
            "max_tokens": ask.get("maxTokens", MOST_TOKENS),
            "system": system(ask) or None,
            "tools": tools(ask) or None,
            "tool_choice": tool_choice(ask.get("toolChoice")),
            "stop_sequences": ask.get("stop"),
            "thinking": {"type": "enabled", "budget_tokens": 2_048} if ask.get("thinking") else None,
        }
    )


def system(ask):
    blocks = [{"type": "text", "text": text} for text in ask.get("system", [])]
    if ask.get("cache"):
        blocks[-1]["cache_control"] = {"type": "ephemeral"}
    return blocks


def messages(ask):
    return [
        {"role": each["role"], "content": texts(each) if each["role"] == "system" else [part_of(p) for p in each["parts"]]}
        for each in ask["messages"]
    ]


def part_of(part):
    match part["type"]:
        case "text":
            return {"type": "text", "text": part["text"]}
        case "image":
            source = {"type": "base64", "media_type": part["mediaType"], "data": part["base64"]}
            return {"type": "image", "source": source}
        case "image-url":
            return {"type": "image", "source": {"type": "url", "url": part["url"]}}
        case "document":
            source = {"type": "base64", "media_type": part["mediaType"], "data": part["base64"]}
            return {"type": "document", "title": part["name"], "source": source}
        case "text-document":
            source = {"type": "text", "media_type": "text/plain", "data": part["text"]}
            return {"type": "document", "title": part["name"], "source": source}


def tools(ask):
    return [
        {"name": tool["name"], "description": tool["description"], "input_schema": tool["schema"]}
        for tool in ask.get("tools", [])
    ]


def tool_choice(choice):
    if isinstance(choice, dict):
        return {"type": "tool", "name": choice["tool"]}
    return None if choice is None else {"type": "any"}


def results_message(results):
    return {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": id, "content": text, "is_error": failed}
            for id, text, failed in results
        ],
    }


def read(message, reply):
    """@param message  as plain JSON"""
    for block in message["content"]:
        if block["type"] == "text":
            reply.text += block["text"]
        elif block["type"] == "thinking":
            reply.thoughts += block["thinking"]
        elif block["type"] == "tool_use":
            reply.call(block["id"], block["name"], block["input"])
    reply.end(message["stop_reason"])
    usage = message["usage"]
    cached = usage.get("cache_read_input_tokens")
    written = usage.get("cache_creation_input_tokens")
    reply.use(usage["input_tokens"] + (cached or 0) + (written or 0), usage["output_tokens"], cached)
