#!/usr/bin/env python3
"""Writes a tiny Llama with random weights as GGUF (0.5 MB): a model that a real llama.cpp loads in milliseconds.

    python3 tiny-gguf.py OUT.gguf        # needs the package `gguf`, which brings numpy

Its text is noise and its protocol is real, which is all that a test of the protocol needs. Two things are not random:

- It speaks whole words and never ends by itself. Random byte tokens would be broken UTF-8, which llama-cpp-python holds
  back until it makes sense, so that its streams would stall; and with no end of its own, a reply is as long as the
  request's limit says.
- Its embeddings are the mean over the tokens, one vector a text, as embedding models have it. Without a pooling type
  llama.cpp answers with one vector a token.
"""

import sys

import gguf
import numpy as np

WIDTH = 64
HEADS = 4
LAYERS = 2
FEED_FORWARD = 128
CONTEXT = 4096

CONTROL_TOKENS = [(b"<unk>", gguf.TokenType.UNKNOWN), (b"<s>", gguf.TokenType.CONTROL), (b"</s>", gguf.TokenType.CONTROL)]
BYTE_TOKENS = [(f"<0x{byte:02X}>".encode(), gguf.TokenType.BYTE) for byte in range(256)]
WORDS = (
    "the of and to in is you that it for on are with as at be this have from or one had by word but not what all were "
    "we when your can said there use an each which she do how their if will up other about out many then them these"
).split()
# "▁" is how SentencePiece writes the space before a word.
WORD_TOKENS = [(f"▁{word}".encode(), gguf.TokenType.NORMAL) for word in WORDS]
UNSPOKEN = len(CONTROL_TOKENS) + len(BYTE_TOKENS)

CHAT_TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"

# One dimension of the hidden state is the same for every token in every layer, so that the output layer can hold a bias,
# which Llama does not have. Large beside the other dimensions' 0.2, so that the norm leaves most of it.
CONSTANT = 0
CONSTANT_VALUE = 4.0
SILENCE = -100.0


def main(path: str) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    write_shape(writer)
    write_tokenizer(writer)
    write_weights(writer, np.random.default_rng(0))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_shape(writer: gguf.GGUFWriter) -> None:
    writer.add_name("tiny-random")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_pooling_type(gguf.PoolingType.MEAN)


def write_tokenizer(writer: gguf.GGUFWriter) -> None:
    tokens = CONTROL_TOKENS + BYTE_TOKENS + WORD_TOKENS
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _ in tokens])
    writer.add_token_types([kind for _, kind in tokens])
    # The tokenizer prefers high scores: words to bytes, and common words to rare ones.
    writer.add_token_scores([-1000.0] * UNSPOKEN + [-float(rank) for rank in range(len(WORD_TOKENS))])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(CHAT_TEMPLATE)
    writer.add_vocab_size(len(tokens))


def write_weights(writer: gguf.GGUFWriter, random: np.random.Generator) -> None:
    def matrix(rows: int, columns: int) -> np.ndarray:
        return (random.standard_normal((rows, columns)) * 0.2).astype(np.float32)

    def adds_to_hidden_state(columns: int) -> np.ndarray:
        weights = matrix(WIDTH, columns)
        weights[CONSTANT] = 0
        return weights

    size = UNSPOKEN + len(WORD_TOKENS)
    embedding = matrix(size, WIDTH)
    embedding[:, CONSTANT] = CONSTANT_VALUE
    output = matrix(size, WIDTH)
    output[:UNSPOKEN] = 0
    output[:UNSPOKEN, CONSTANT] = SILENCE
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(LAYERS):
        tensors = {
            "attn_norm": np.ones(WIDTH, np.float32),
            "attn_q": matrix(WIDTH, WIDTH),
            "attn_k": matrix(WIDTH, WIDTH),
            "attn_v": matrix(WIDTH, WIDTH),
            "attn_output": adds_to_hidden_state(WIDTH),
            "ffn_norm": np.ones(WIDTH, np.float32),
            "ffn_gate": matrix(FEED_FORWARD, WIDTH),
            "ffn_up": matrix(FEED_FORWARD, WIDTH),
            "ffn_down": adds_to_hidden_state(FEED_FORWARD),
        }
        for name, weights in tensors.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tiny-gguf.py OUT.gguf")
    main(sys.argv[1])
