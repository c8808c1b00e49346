"""Weights of the reader -> ONNX file, its matrices as 8-bit integers.

    python to_onnx.py READER.safetensors OUT.onnx [--float32] [--reduce-range] [--keep REGEX]

Inputs `input_ids` and `attention_mask`, (batch, tokens) int64. Outputs `start` and `end` (batch, tokens), `yesno`
(batch, 3: yes, no, neither), `claim` (batch, 3: supported, contradicted, unsupported), `relevance` (batch): logits.
Matrices are signed, with a scale for each column. `--reduce-range` leaves them 7 bits, which do not saturate on
processors with AVX2 but without VNNI.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

import torch
from model import Reader, layers_of
from safetensors.torch import load_file

OUTPUTS = ("start", "end", "yesno", "claim", "relevance")


def load(path: Path) -> Reader:
    weights = {name: value.float() for name, value in load_file(path).items()}
    net = Reader(layers_of(weights), dropout=0.0)
    missing = net.load_state_dict(weights, strict=False)
    if missing.missing_keys:
        print("not in the file, left at random:", missing.missing_keys)
    return net.eval()


def export(net: Reader, path: Path) -> None:
    ids = torch.randint(1000, 20000, (2, 24))
    mask = torch.ones_like(ids)
    mask[1, 20:] = 0
    axes = {name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask", "start", "end")}
    axes |= {name: {0: "batch"} for name in ("yesno", "claim", "relevance")}
    torch.onnx.export(
        net,
        (ids, mask),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=list(OUTPUTS),
        dynamic_axes=axes,
        dynamo=False,
        opset_version=17,
    )


def quantise(source: Path, target: Path, reduce_range: bool, keep: str | None) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    left = []
    if keep:
        left = [node.name for node in onnx.load(str(source)).graph.node if re.search(keep, node.name)]
    quantize_dynamic(
        source,
        target,
        per_channel=True,
        reduce_range=reduce_range,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gather"],
        nodes_to_exclude=left,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--reduce-range", action="store_true")
    parser.add_argument("--keep", help="nodes that stay float32, as a regular expression")
    settings = parser.parse_args()
    net = load(settings.weights)
    if settings.float32:
        export(net, settings.out)
    else:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "reader.onnx"
            export(net, whole)
            quantise(whole, settings.out, settings.reduce_range, settings.keep)
    print(settings.out, settings.out.stat().st_size)


if __name__ == "__main__":
    main()
