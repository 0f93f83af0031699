"""Prints smollm2.json: ids, logits and greedy text of transformers 5.23.0 with torch 2.15.0 and gguf 0.19.0.
python3 smollm2.py FOLDER FILE.gguf >smollm2.json"""
import json
import sys

import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, file = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
# transformers does not cut digits one by one for tokenizer.ggml.pre "smollm"; the published tokenizer.json does
tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
    pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
END = 2


def encode(text):
    return tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids


def chat(question):
    return ("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            "<|im_start|>user\n" + question + "<|im_end|>\n<|im_start|>assistant\n")


prompts = []
for name, text, new in [
    ("plain", "The capital of France is", 24),
    ("digits", "In 1969, 12 + 30 = 42 and  3.14159", 16),
    ("capital", chat("What is the capital of France?"), 32),
    ("sky", chat("Why is the sky blue? Answer in one sentence."), 48),
]:
    ids = encode(text)
    batch = torch.tensor([ids])
    with torch.no_grad():
        logits = model(batch).logits[0]
        greedy = model.generate(batch, max_new_tokens=new, do_sample=False, eos_token_id=END, pad_token_id=END)[0, len(ids):].tolist()
    ended = greedy[-1] == END
    if ended:
        greedy.pop()
    shown = list(range(0, len(tokenizer), 4096)) + logits[-1].topk(8).indices.tolist()
    prompts.append(dict(
        name=name, text=text, ids=ids, nll=torch.nn.functional.cross_entropy(logits[:-1], batch[0, 1:]).item(),
        logit_ids=shown, logits=[logits[-1][i].item() for i in shown], greedy=greedy, ended=ended,
        greedy_text=tokenizer.decode(greedy)))
texts = ["Hello world!", "  two  spaces\n\n\ttab", "2024-01-15 costs $3,999.50", "naïve café 東京 😀", "don't we'll I'M",
         "<|im_start|>user\nhi<|im_end|>", "x=10**100; y\r\nz", "١٢٣ and ½", ""]
json.dump(dict(prompts=prompts, encodings=[dict(text=text, ids=encode(text)) for text in texts]), sys.stdout,
          ensure_ascii=False, indent=0)
