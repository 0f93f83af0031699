"""Writes blocks.gguf, a tensor of random blocks of each type, and blocks.safetensors, the values that the package
gguf 0.19.0 dequantises from them. Run in this folder; needs numpy, gguf and safetensors."""
import gguf
import numpy
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

# where the half-precision numbers of a block are; all its other bytes are random
HALVES = {Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
          Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208]}
random = numpy.random.default_rng(7)


def halves(count):
    """Finite, of both signs, normal and subnormal."""
    return (random.standard_normal(count) * 10.0 ** random.integers(-7, 3, count)).astype(numpy.float16)


writer = gguf.GGUFWriter("blocks.gguf", "llama")
writer.add_name("blocks")
writer.add_block_count(2)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_add_bos_token(True)
writer.add_token_list(["a", "Ġ", "é"])
writer.add_token_types([1, 3, 6])
writer.add_token_scores([0.5, -1.5, 3.0])
writer.add_int8("test.int8", -8)
writer.add_int16("test.int16", -16)
writer.add_uint8("test.uint8", 200)
writer.add_uint64("test.uint64", 1 << 40)
writer.add_float64("test.float64", 0.1)

gold = {}
for kind, places in HALVES.items():
    length, size = gguf.GGML_QUANT_SIZES[kind]
    rows, blocks = 3, 4 if length == 32 else 1
    raw = random.integers(0, 256, (rows * blocks, size), dtype=numpy.uint8)
    for place in places:
        raw[:, place:place + 2] = halves(rows * blocks).view(numpy.uint8).reshape(-1, 2)
    raw = raw.reshape(rows, blocks * size)
    writer.add_tensor(kind.name, raw, raw_dtype=kind)
    gold[kind.name] = gguf.quants.dequantize(raw, kind).astype(numpy.float32)
gold["F32"] = random.standard_normal((2, 3, 5)).astype(numpy.float32)
writer.add_tensor("F32", gold["F32"])
half = halves(6).reshape(2, 3)
gold["F16"] = half.astype(numpy.float32)
writer.add_tensor("F16", half)
brain = gguf.quants.quantize(gold["F32"][0], Type.BF16)
gold["BF16"] = gguf.quants.dequantize(brain, Type.BF16)
writer.add_tensor("BF16", brain, raw_dtype=Type.BF16)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file({name: numpy.ascontiguousarray(values) for name, values in gold.items()}, "blocks.safetensors")
