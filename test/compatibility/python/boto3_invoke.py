"""`boto3`, InvokeModel with the body of Claude's Messages."""

import json

import claude_body
from boto3_sdk import ERRORS, failure, sdk
from conversation import Conversation

__all__ = ["ERRORS", "Invoke", "failure"]


class Invoke(Conversation):
    def __init__(self, where, ask):
        self.sdk = sdk(where)
        self.ask = ask
        self.model = where["model"]
        self.messages = claude_body.messages(ask)
        self.members = {"anthropic_version": "bedrock-2023-05-31", **claude_body.members(ask)}
        if "temperature" in ask:
            self.members["temperature"] = ask["temperature"]
        if "schema" in ask:
            self.members["output_config"] = {"format": {"type": "json_schema", "schema": ask["schema"]}}

    def body(self):
        return json.dumps({**self.members, "messages": self.messages})

    def once(self, reply):
        params = {"modelId": self.model, "body": self.body()}
        if self.ask.get("stream"):
            message = self.gather(self.sdk.invoke_model_with_response_stream(**params)["body"], reply)
            if message is None:
                return None
            reply.clear()
        else:
            message = json.loads(self.sdk.invoke_model(**params)["body"].read())
        claude_body.read(message, reply)
        return message

    def gather(self, stream, reply):
        """A message put together from a stream's events; None where the application left."""
        message = {}
        try:
            for event in stream:
                add(json.loads(event["chunk"]["bytes"]), message, reply)
                if self.ask.get("abort") and reply.text:
                    return None
        finally:
            stream.close()
        return message

    def add_results(self, answer, results):
        self.messages.append({"role": "assistant", "content": answer["content"]})
        self.messages.append(claude_body.results_message(results))

    def count(self):
        asked = {"invokeModel": {"body": self.body().encode()}}
        return self.sdk.count_tokens(modelId=self.model, input=asked)["inputTokens"]


def add(event, message, reply):
    match event["type"]:
        case "message_start":
            message.update(event["message"], content=[])
        case "content_block_start":
            block = event["content_block"]
            message["content"].append({**block, "input": ""} if block["type"] == "tool_use" else block)
        case "content_block_delta":
            add_delta(event["delta"], message["content"][event["index"]], reply)
        case "content_block_stop":
            block = message["content"][event["index"]]
            if block["type"] == "tool_use":
                block["input"] = json.loads(block["input"] or "{}")
        case "message_delta":
            message.update(event["delta"])
            message["usage"].update(event["usage"])


def add_delta(delta, block, reply):
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
            reply.text += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = block.get("signature", "") + delta["signature"]
        case "input_json_delta":
            block["input"] += delta["partial_json"]
