"""all-MiniLM-L6-v2 as sentence-transformers keeps it -> the ONNX file of the embedded embedder, its matrices in bytes.

    python embedder_to_onnx.py FOLDER OUT.onnx [--float32]

FOLDER holds `model.safetensors` with the published hash, `config.json` and `tokenizer.json`. Input `input_ids`,
(batch, tokens) int64, without padding: texts go through one at a time. Output `states`, (batch, tokens, 384): the
states of the last layer. Matrices are signed, with a scale for each column, and have 7 bits, whose products do not
saturate on processors with AVX2 but without VNNI; the vectors of words are signed, with a scale for each. The second
matrix behind attention stays float16 and is multiplied in float32: what GELU gives it has channels too uneven for one
scale, and more than half of the error came from there. Query, key and value are one matrix.

The activations in front of a matrix are rounded on one scale, which a few large channels decide. So each channel is
divided, and its row of the matrix multiplied, by a power of its largest value over the sample library (SmoothQuant,
arXiv 2211.10438): that halves the error of the vectors. The same weights and texts give the same bytes. Needs `onnx`
and no torch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file
from tokenizers import Tokenizer

# https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/blob/main/model.safetensors
PUBLISHED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_OPSET = 20  # the first with Gelu
_PARTS = ("query", "key", "value")
_SAMPLE = Path(__file__).parent.parent / "seeds" / "library"
_SAMPLE_CHARACTERS = 800  # of a text; each file gives five at most
_SHARE = 0.8  # of the range of a channel that is moved from the activations into the matrix
_STEPS = 4  # of a power of two, to which divisors are rounded, so that rounding elsewhere changes no byte


Largest = dict[str, Any]  # the largest absolute value of each channel, by the name of what has them


class Graph:
    """Nodes and weights, which are named after what they make."""

    def __init__(self, weights: dict[str, Any], config: dict[str, Any], largest: Largest | None) -> None:
        """Matrices of 8 bits if the `largest` values in front of each matrix are given."""
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._weights = weights
        self._largest = largest
        self._width = int(config["hidden_size"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._head = self.constant("head", np.array([0, 0, self._heads, self._width // self._heads], np.int64))
        self._joined = self.constant("joined", np.array([0, 0, self._width], np.int64))

    def constant(self, name: str, value: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operation: str, inputs: list[str], *outputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operation, inputs, outputs, name=f"{operation}:{outputs[0]}", **attributes))
        return outputs[0]

    def dense(self, given: str, to: str, *names: str, scales: tuple[float, ...] = (1.0,), whole: bool = False) -> str:
        """A product of `given` with the weights of these names side by side, and their biases added; of float32, from
        a matrix of float16, if it is to stay `whole`."""
        pairs = list(zip(names, scales, strict=True))
        matrix = np.concatenate([self._weights[f"{name}.weight"].T * np.float32(by) for name, by in pairs], axis=1)
        bias = np.concatenate([self._weights[f"{name}.bias"] * np.float32(by) for name, by in pairs])
        if self._largest is not None and not whole:
            divisors = _divisors(self._largest[given], matrix)
            matrix *= divisors[:, None]
            given = self.add("Mul", [given, self.constant(f"{to}.divided", 1 / divisors)], f"{to}.even")
        weight = self.constant(f"{to}.weight", matrix.astype(np.float16) if whole else matrix)
        weight = self.add("Cast", [weight], f"{to}.whole", to=TensorProto.FLOAT) if whole else weight
        product = self.add("MatMul", [given, weight], f"{to}.product")
        return self.add("Add", [product, self.constant(f"{to}.bias", bias)], to)

    def norm(self, given: str, to: str, name: str) -> str:
        scale = self.constant(f"{to}.scale", self._weights[f"{name}.weight"])
        shift = self.constant(f"{to}.shift", self._weights[f"{name}.bias"])
        return self.add("LayerNormalization", [given, scale, shift], to, axis=-1, epsilon=self._epsilon)

    def embeddings(self) -> str:
        places = self._weights["embeddings.position_embeddings.weight"]
        places = self.constant("places", places + self._weights["embeddings.token_type_embeddings.weight"][0])
        first = self.constant("first", np.array([0], np.int64))
        count = self.add("Shape", ["input_ids"], "count", start=1, end=2)
        found = self._words()
        place = self.add("Slice", [places, first, count, first], "place")
        return self.norm(self.add("Add", [found, place], "embedded"), "layer0", "embeddings.LayerNorm")

    def _words(self) -> str:
        words = self._weights["embeddings.word_embeddings.weight"]
        if self._largest is None:
            return self.add("Gather", [self.constant("words", words), "input_ids"], "word")
        scales = np.abs(words).max(axis=1, keepdims=True) / np.float32(127)
        whole = self.constant("words", np.round(words / scales).astype(np.int8))
        number = self.add(
            "Cast", [self.add("Gather", [whole, "input_ids"], "word.bytes")], "word.number", to=TensorProto.FLOAT
        )
        scale = self.add("Gather", [self.constant("words.scale", scales), "input_ids"], "word.scale")
        return self.add("Mul", [number, scale], "word")

    def layer(self, number: int, given: str, to: str) -> str:
        source, here = f"encoder.layer.{number}", f"layer{number}"
        attended = self._attention(given, here, f"{source}.attention.self")
        output = self.dense(attended, f"{here}.output", f"{source}.attention.output.dense")
        output = self.add("Add", [output, given], f"{here}.sum")
        middle = self.norm(output, f"{here}.middle", f"{source}.attention.output.LayerNorm")
        wide = self.dense(middle, f"{here}.wide", f"{source}.intermediate.dense")
        narrow = self.dense(
            self.add("Gelu", [wide], f"{here}.gelu"),
            f"{here}.narrow",
            f"{source}.output.dense",
            whole=self._largest is not None,
        )
        return self.norm(self.add("Add", [narrow, middle], f"{here}.last"), to, f"{source}.output.LayerNorm")

    def _attention(self, given: str, here: str, source: str) -> str:
        scale = (self._width // self._heads) ** -0.5  # put into the query's weights
        three = self.dense(given, f"{here}.three", *(f"{source}.{part}" for part in _PARTS), scales=(scale, 1.0, 1.0))
        parts = [f"{here}.{part}" for part in _PARTS]
        self.add("Split", [three], *parts, axis=-1, num_outputs=3)
        for part, order in zip(parts, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True):
            self.add(
                "Transpose", [self.add("Reshape", [part, self._head], f"{part}.heads")], f"{part}.turned", perm=order
            )
        query, key, value = (f"{part}.turned" for part in parts)
        shares = self.add("Softmax", [self.add("MatMul", [query, key], f"{here}.scores")], f"{here}.shares", axis=-1)
        found = self.add("MatMul", [shares, value], f"{here}.found")
        return self.add(
            "Reshape",
            [self.add("Transpose", [found], f"{here}.back", perm=[0, 2, 1, 3]), self._joined],
            f"{here}.attended",
        )


def _divisors(largest: Any, matrix: Any) -> Any:
    """The number by which each channel in front of a matrix is divided."""
    largest, weights = np.maximum(largest, 1e-3), np.maximum(np.abs(matrix).max(axis=1), 1e-5)
    powers = np.log2(largest) * _SHARE - np.log2(weights) * (1 - _SHARE)
    return np.exp2(np.round(powers * _STEPS) / _STEPS).astype(np.float32)


def encoder(folder: Path, largest: Largest | None) -> Any:
    """The model, with its matrices in float32 still. Ends the program if the weights are not the published ones."""
    content = (folder / "model.safetensors").read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != PUBLISHED_SHA256:
        raise SystemExit(f"{folder / 'model.safetensors'} has sha256 {found}, not the published {PUBLISHED_SHA256}")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    graph = Graph(load_file(folder / "model.safetensors"), config, largest)
    layers = int(config["num_hidden_layers"])
    state = graph.embeddings()
    for number in range(layers):
        state = graph.layer(number, state, "states" if number == layers - 1 else f"layer{number + 1}")
    given = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    made = helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "tokens", config["hidden_size"]])
    body = helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", [given], [made], graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def largest_values(model: Any, tokenizer: Path) -> Largest:
    """The largest values in front of each matrix of a model of float32, over texts of the sample library."""
    wanted = [
        node.input[0] for node in model.graph.node if node.op_type == "MatMul" and node.output[0].endswith(".product")
    ]
    names = list(dict.fromkeys(wanted))
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    words = Tokenizer.from_file(str(tokenizer))
    words.no_padding()
    words.enable_truncation(256)
    found: Largest = {}
    for text in _sample():
        values = session.run(names, {"input_ids": np.array([words.encode(text).ids], np.int64)})
        for name, value in zip(names, values, strict=True):
            found[name] = np.maximum(found.get(name, 0.0), np.abs(value[0]).max(axis=0))
    return found


def _sample() -> Iterator[str]:
    for file in sorted(_SAMPLE.iterdir()):
        if file.suffix in (".md", ".txt"):
            text = file.read_text("utf-8")
            for start in range(0, min(len(text), 5 * _SAMPLE_CHARACTERS), _SAMPLE_CHARACTERS):
                yield text[start : start + _SAMPLE_CHARACTERS]


def quantise(source: Path, target: Path) -> None:
    quantize_dynamic(
        source,
        target,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--float32", action="store_true")
    settings = parser.parse_args()
    model = encoder(settings.folder, None)
    if settings.float32:
        onnx.save(model, settings.out)
    else:
        largest = largest_values(model, settings.folder / "tokenizer.json")
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(encoder(settings.folder, largest), Path(folder) / "whole.onnx")
            quantise(Path(folder) / "whole.onnx", settings.out)
    content = settings.out.read_bytes()
    print(settings.out, len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
