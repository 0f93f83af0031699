"""Writes tiny.gguf, a random Llama with the tokenizer datasets/prompt/testdata/small-llama3. Run in this folder; needs
numpy and gguf 0.19.0."""
import json

import gguf
import numpy
from gguf import GGMLQuantizationType as Type

WIDTH, INTERMEDIATE, LAYERS, HEADS = 32, 64, 2, 4
tokenizer = json.load(open("../../datasets/prompt/testdata/small-llama3/tokenizer.json"))
tokens = {id: (token, gguf.TokenType.NORMAL) for token, id in tokenizer["model"]["vocab"].items()}
tokens |= {token["id"]: (token["content"], gguf.TokenType.CONTROL) for token in tokenizer["added_tokens"]}
assert sorted(tokens) == list(range(len(tokens)))
ends = [id for id, (token, _) in tokens.items() if token == "<|end_of_text|>"]

writer = gguf.GGUFWriter("tiny.gguf", "llama")
writer.add_context_length(2048)
writer.add_embedding_length(WIDTH)
writer.add_block_count(LAYERS)
writer.add_feed_forward_length(INTERMEDIATE)
writer.add_head_count(HEADS)
writer.add_head_count_kv(HEADS)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("llama-bpe")
writer.add_token_list([tokens[id][0] for id in range(len(tokens))])
writer.add_token_types([tokens[id][1] for id in range(len(tokens))])
writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]])
writer.add_eos_token_id(ends[0])

random = numpy.random.default_rng(3)


def add(name, *shape, kind=Type.Q8_0):
    values = (0.1 * random.standard_normal(shape)).astype(numpy.float32)
    writer.add_tensor(name + ".weight", gguf.quants.quantize(values, kind), raw_dtype=kind)


def add_norm(name):
    writer.add_tensor(name + ".weight", numpy.ones(WIDTH, dtype=numpy.float32))


add("token_embd", len(tokens), WIDTH)
add_norm("output_norm")
for i in range(LAYERS):
    for name in ("attn_norm", "ffn_norm"):
        add_norm(f"blk.{i}.{name}")
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        add(f"blk.{i}.{name}", WIDTH, WIDTH, kind=Type.Q4_1)
    for name in ("ffn_gate", "ffn_up"):
        add(f"blk.{i}.{name}", INTERMEDIATE, WIDTH, kind=Type.Q4_0)
    add(f"blk.{i}.ffn_down", WIDTH, INTERMEDIATE, kind=Type.Q5_0)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
