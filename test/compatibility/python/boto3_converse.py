"""`boto3`, Converse."""

import base64
import json

from boto3_sdk import ERRORS, failure, sdk
from conversation import Cannot, Conversation, refuse, without_none

__all__ = ["ERRORS", "Converse", "failure"]


class Converse(Conversation):
    def __init__(self, where, ask):
        refuse(ask, systemRole="has no role `developer`")
        self.sdk = sdk(where)
        self.ask = ask
        self.model = where["model"]
        self.messages = [
            {"role": role_of(each), "content": [block_of(part) for part in each["parts"]]} for each in ask["messages"]
        ]
        self.members = without_none(
            {
                "system": system(ask) or None,
                "inferenceConfig": inference(ask) or None,
                "toolConfig": tool_config(ask),
                "outputConfig": output_config(ask.get("schema")),
                "additionalModelRequestFields": thinking(ask),
            }
        )

    def once(self, reply):
        params = {"modelId": self.model, "messages": self.messages, **self.members}
        if self.ask.get("stream"):
            return self.streamed(self.sdk.converse_stream(**params)["stream"], reply)
        answer = self.sdk.converse(**params)
        message = answer["output"]["message"]
        for block in message["content"]:
            read_block(block, reply)
        reply.end(answer["stopReason"])
        read_usage(answer.get("usage"), reply)
        return message

    def streamed(self, stream, reply):
        answer = Gathered()
        try:
            for event in stream:
                answer.add(event, reply)
                if self.ask.get("abort") and reply.text:
                    return None
        finally:
            stream.close()
        for block in answer.blocks.values():
            if "toolUse" in block:
                read_block(block, reply)
        # Some models stream an empty text, and no model takes one.
        content = [block for block in answer.blocks.values() if block.get("text") != ""]
        return {"role": "assistant", "content": content}

    def add_results(self, answer, results):
        self.messages.append(answer)
        content = [
            {"toolResult": {"toolUseId": id, "content": [{"text": text}], "status": "error" if failed else "success"}}
            for id, text, failed in results
        ]
        self.messages.append({"role": "user", "content": content})

    def count(self):
        system = {"system": self.members["system"]} if "system" in self.members else {}
        converse = {"messages": self.messages, **system}
        return self.sdk.count_tokens(modelId=self.model, input={"converse": converse})["inputTokens"]


def role_of(message):
    if message["role"] == "system":
        raise Cannot("has no system messages in the conversation")
    return message["role"]


def system(ask):
    blocks = [{"text": text} for text in ask.get("system", [])]
    return [*blocks, {"cachePoint": {"type": "default"}}] if ask.get("cache") else blocks


def inference(ask):
    return without_none(
        {
            "maxTokens": ask.get("maxTokens"),
            "temperature": ask.get("temperature"),
            "stopSequences": ask.get("stop"),
        }
    )


def thinking(ask):
    return {"thinking": {"type": "enabled", "budget_tokens": 2_048}} if ask.get("thinking") else None


def tool_config(ask):
    if "tools" not in ask:
        return None
    specs = [
        {"name": tool["name"], "description": tool["description"], "inputSchema": {"json": tool["schema"]}}
        for tool in ask["tools"]
    ]
    choice = ask.get("toolChoice")
    chosen = {"tool": {"name": choice["tool"]}} if isinstance(choice, dict) else choice and {"any": {}}
    return without_none({"tools": [{"toolSpec": spec} for spec in specs], "toolChoice": chosen})


def output_config(schema):
    if schema is None:
        return None
    structure = {"jsonSchema": {"name": "place", "schema": json.dumps(schema)}}
    return {"textFormat": {"type": "json_schema", "structure": structure}}


def block_of(part):
    match part["type"]:
        case "text":
            return {"text": part["text"]}
        case "image":
            return {"image": {"format": "png", "source": {"bytes": base64.b64decode(part["base64"])}}}
        case "image-url":
            raise Cannot("has no images by address")
        case "document":
            return document_of(part, "pdf", base64.b64decode(part["base64"]))
        case "text-document":
            return document_of(part, "txt", part["text"].encode())


def document_of(part, format, data):
    # Names have no dots there.
    name = part["name"].partition(".")[0]
    return {"document": {"format": format, "name": name, "source": {"bytes": data}}}


def read_block(block, reply):
    if "text" in block:
        reply.text += block["text"]
    if "reasoningContent" in block:
        reply.thoughts += block["reasoningContent"].get("reasoningText", {}).get("text", "")
    if "toolUse" in block:
        use = block["toolUse"]
        reply.call(use["toolUseId"], use["name"], use["input"])


def read_usage(usage, reply):
    if usage is not None:
        cached = usage.get("cacheReadInputTokens")
        whole = usage["inputTokens"] + (cached or 0) + usage.get("cacheWriteInputTokens", 0)
        reply.use(whole, usage["outputTokens"], cached)


class Gathered:
    """A message put together from a stream's events."""

    def __init__(self):
        self.blocks = {}

    def add(self, event, reply):
        if "contentBlockStart" in event:
            start = event["contentBlockStart"]
            self.blocks[start["contentBlockIndex"]] = {"toolUse": {**start["start"]["toolUse"], "input": ""}}
        if "contentBlockDelta" in event:
            self.delta(**event["contentBlockDelta"], reply=reply)
        if "contentBlockStop" in event:
            use = self.blocks.get(event["contentBlockStop"]["contentBlockIndex"], {}).get("toolUse")
            if use is not None:
                use["input"] = json.loads(use["input"] or "{}")
        if "messageStop" in event:
            reply.end(event["messageStop"]["stopReason"])
        if "metadata" in event:
            read_usage(event["metadata"].get("usage"), reply)

    def delta(self, delta, contentBlockIndex, reply):
        block = self.blocks.setdefault(contentBlockIndex, {})
        if "text" in delta:
            block["text"] = block.get("text", "") + delta["text"]
            reply.text += delta["text"]
        if "toolUse" in delta:
            block["toolUse"]["input"] += delta["toolUse"]["input"]
        if "reasoningContent" in delta:
            thought = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
            thought["text"] += delta["reasoningContent"].get("text", "")
            reply.thoughts += delta["reasoningContent"].get("text", "")
            if "signature" in delta["reasoningContent"]:
                thought["signature"] = delta["reasoningContent"]["signature"]
