"""The embedded embedder as sentence-transformers keeps it -> a GGUF file that `rag.embedding.encoder` reads.

In: a folder with `model.safetensors` and `config.json` of a `BertModel`. Matrices become F16, with which vectors have a
cosine of 0.999999 to float32's at half of the memory to be read, or BF16 (0.99998) if the processor multiplies that
itself; biases and norms stay float32. Written once, into the cache folder. Names: ggml-org's specification of GGUF,
and llama.cpp's table of tensors for `bert`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rag.errors import ModelError
from rag.llm.gguf import file_identity, made_once, matrix_kind

_OUTER = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
_OF_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def encoder_file(folder: Path, cache_dir: Path, kind: str | None = None) -> Path:
    """The GGUF file of the model in `folder`, its matrices of `kind` (of `rag.llm.gguf.KINDS`; left out, the fastest
    here). Raises `ModelError` if that cannot be read or the cache not written."""
    kind = kind or matrix_kind()
    source = folder / "model.safetensors"
    try:
        target = cache_dir / "models" / f"{folder.parent.name}-{file_identity(source)}.{kind}.gguf"
    except OSError as exc:
        raise ModelError(f"{source} cannot be read ({exc.strerror}): install the embedded model again") from exc
    return made_once(target, lambda partial: _write(folder, partial, kind))


def _write(folder: Path, target: Path, kind: str) -> None:
    import gguf
    from safetensors.numpy import load_file

    try:
        weights = load_file(folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text("utf-8"))
        layers = int(config["num_hidden_layers"])
        matrices = {ours: weights[theirs] for theirs, ours in _names(layers).items()}
    except Exception as exc:
        raise ModelError(f"the embedded model in {folder} cannot be loaded ({exc}): install it again") from exc
    writer = gguf.GGUFWriter(target, "bert")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(layers)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_tokenizer_model("no_vocab")  # ids come from the model's own tokenizer
    for name, matrix in matrices.items():
        product = name.startswith("blk.") and matrix.ndim == 2
        stored = gguf.GGMLQuantizationType[kind if product else "F32"]
        writer.add_tensor(name, gguf.quantize(matrix.astype(np.float32), stored), raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _names(layers: int) -> dict[str, str]:
    """The name of each tensor in the GGUF file, by its name in sentence-transformers' file."""
    return _OUTER | {
        f"encoder.layer.{layer}.{name}.{kind}": f"blk.{layer}.{ours}.{kind}"
        for layer in range(layers)
        for name, ours in _OF_LAYER.items()
        for kind in ("weight", "bias")
    }
