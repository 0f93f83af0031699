"""Writes tiny-qwen2.gguf and tiny-llama31.gguf from the folders of these names, as llama.cpp's converter does. Run in
this folder; needs numpy, gguf 0.19.0 and safetensors."""
import json
import math

import gguf
import numpy
from safetensors.numpy import load_file

NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "model.layers": "blk",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}


def permute(rows, heads):
    return (rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape))


def rope_factors(config):
    """Of Llama 3.1, with the length that it was trained on."""
    scaling = config["rope_scaling"]
    low, high, factor, length = scaling["low_freq_factor"], scaling["high_freq_factor"], scaling["factor"], 8192
    factors = []
    for i in range(config["head_dim"] // 2):
        wavelength = 2 * math.pi * config["rope_theta"] ** (2 * i / config["head_dim"])
        if wavelength < length / high:
            factors.append(1)
        elif wavelength > length / low:
            factors.append(factor)
        else:
            smooth = (length / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / factor + smooth))
    return numpy.array(factors, dtype=numpy.float32)


for folder, architecture in {"tiny-qwen2": "qwen2", "tiny-llama31": "llama"}.items():
    config = json.load(open(folder + "/config.json"))
    writer = gguf.GGUFWriter(folder + ".gguf", architecture)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_eos_token_id(config["eos_token_id"])
    if architecture == "llama":
        writer.add_rope_dimension_count(config["head_dim"])
        writer.add_tensor("rope_freqs.weight", rope_factors(config))
    for name, values in load_file(folder + "/model.safetensors").items():
        if architecture == "llama" and name.endswith("q_proj.weight"):
            values = permute(values, config["num_attention_heads"])
        if architecture == "llama" and name.endswith("k_proj.weight"):
            values = permute(values, config["num_key_value_heads"])
        for hub, short in NAMES.items():
            name = name.replace(hub + ".", short + ".")
        writer.add_tensor(name, numpy.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
