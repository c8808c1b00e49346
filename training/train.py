"""Train the reader: from a file of weights and a folder of data to a better file of weights.

    python train.py DATA START.safetensors OUT --tokenizer tokenizer.json --tokens 20000000

START is a BERT of 384 dimensions (names as in `model.py`, with or without heads). OUT is a folder: `checkpoint.pt` is
written every few minutes and at SIGTERM, and taken up again when the same command is repeated; `reader.safetensors`
(float16) is the running mean of the weights, which is what ships; `last.safetensors` the weights as they are;
`run.json` what was seen.
The learning rate follows the number of tokens, so a run may be stopped for any time. On processors with AMX or AVX-512
bfloat16, `--bfloat16` is several times as fast; the weights themselves stay float32.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from model import Outputs, Reader, layers_of
from safetensors.torch import load_file, save_file
from sources import IGNORED, NOT_SUPPORTED, Example, Sources
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

STEP = 16  # tokens: lengths of batches are multiples of it
WARM_UP = 100  # steps
MEAN_EVERY, MEAN_KEPT = 4, 0.985
HEADS_FASTER = 3.0


class Encoded(NamedTuple):
    ids: list[int]
    allowed: list[bool]  # tokens where a span may lie: the passage's, and the first for no answer
    span: tuple[int, int] | None
    example: Example


def encode(tokenizer: Tokenizer, example: Example, most: int) -> Encoded | None:
    """Token ids with the targets' places; None where the answer is cut off."""
    pair = tokenizer.encode(example.first, example.second)
    ids, offsets, kinds = pair.ids[:most], pair.offsets, pair.type_ids
    allowed = [False] * len(ids)
    allowed[0] = True
    first = last = None
    span = example.span
    for place in range(len(ids)):
        a, b = offsets[place]
        if kinds[place] != 1 or b <= a:
            continue
        if any(at >= 0 for at in example.origin[a:b]):
            allowed[place] = True
        if span and span[0] >= 0:
            at = [at for at in example.origin[a:b] if at >= 0]
            if at and at[-1] >= span[0] and at[0] < span[1]:
                first = place if first is None else first
                last = place
    if not span:
        return Encoded(ids, allowed, None, example)
    if span[0] < 0:
        return Encoded(ids, allowed, (0, 0), example)
    return (
        None if first is None or last is None or len(pair.ids) > most else Encoded(ids, allowed, (first, last), example)
    )


class Batch(NamedTuple):
    ids: Tensor
    mask: Tensor
    allowed: Tensor
    start: Tensor
    end: Tensor
    yesno: Tensor
    relevance: Tensor
    claim: Tensor


def collate(items: list[Encoded]) -> Batch:
    width = -(-max(len(item.ids) for item in items) // STEP) * STEP
    ids = torch.zeros(len(items), width, dtype=torch.long)
    mask = torch.zeros(len(items), width)
    allowed = torch.zeros(len(items), width, dtype=torch.bool)
    for row, item in enumerate(items):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = 1
        allowed[row, : len(item.ids)] = torch.tensor(item.allowed)

    def column(values: list[int]) -> Tensor:
        return torch.tensor(values)

    return Batch(
        ids,
        mask,
        allowed,
        column([item.span[0] if item.span else IGNORED for item in items]),
        column([item.span[1] if item.span else IGNORED for item in items]),
        column([item.example.yesno for item in items]),
        column([item.example.relevance for item in items]),
        column([item.example.claim for item in items]),
    )


def batches(stream: Iterator[Example], tokenizer: Tokenizer, longest: int, tokens: int) -> Iterator[list[Encoded]]:
    """Endless batches of pairs of about the same length, about `tokens` with padding. There are few shapes, since
    kernels are made anew for each."""
    waiting: defaultdict[int, list[Encoded]] = defaultdict(list)
    for example in stream:
        item = encode(tokenizer, example, longest)
        if item is None:
            continue
        width = -(-len(item.ids) // STEP) * STEP
        waiting[width].append(item)
        if len(waiting[width]) >= max(1, tokens // width):
            yield waiting.pop(width)


def losses(out: Outputs, batch: Batch) -> dict[str, Tensor]:
    """Sum of the losses of each head that has targets, divided by the number of pairs."""
    found: dict[str, Tensor] = {}
    size = batch.ids.shape[0]
    if (batch.start != IGNORED).any():
        shut = ~batch.allowed
        start = functional.cross_entropy(out.start.masked_fill(shut, -1e4), batch.start, reduction="sum")
        end = functional.cross_entropy(out.end.masked_fill(shut, -1e4), batch.end, reduction="sum")
        found["span"] = (start + end) / 2 / size
    if (batch.yesno != IGNORED).any():
        weight = torch.tensor([1.0, 1.8, 0.15])
        found["yesno"] = functional.cross_entropy(out.yesno, batch.yesno, weight, reduction="sum") / size
    asked = batch.relevance != IGNORED
    if asked.any():
        found["relevance"] = (
            0.4
            * functional.binary_cross_entropy_with_logits(
                out.relevance[asked], batch.relevance[asked].float(), reduction="sum"
            )
            / size
        )
    three = batch.claim.clone()
    three[batch.claim == NOT_SUPPORTED] = IGNORED
    parts = []
    if (three != IGNORED).any():
        parts.append(functional.cross_entropy(out.claim, three, reduction="sum"))
    two = batch.claim == NOT_SUPPORTED
    if two.any():
        logits = out.claim[two]
        parts.append((logits.logsumexp(-1) - logits[:, 1:].logsumexp(-1)).sum())
    if parts:
        found["claim"] = sum(parts[1:], parts[0]) / size
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("start", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=20_000_000, help="tokens of the whole run")
    parser.add_argument("--stop-at", type=int, help="tokens after which to stop before the end of the schedule")
    parser.add_argument("--batch", type=int, default=2400, help="tokens of a step")
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--longest", type=int, default=320, help="tokens of a pair")
    parser.add_argument(
        "--frozen", type=int, default=4, help="lower layers that stay as they are; embeddings always do"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save-every", type=float, default=300.0, help="seconds")
    parser.add_argument("--rows", type=int, help="at most so many rows of each set (for a trial)")
    parser.add_argument("--bfloat16", action="store_true")
    settings = parser.parse_args()

    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    settings.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(settings.tokenizer))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    weights = {name: value.float() for name, value in load_file(settings.start).items()}
    net = Reader(layers_of(weights), dropout=0.0)
    missing = net.load_state_dict(weights, strict=False)
    print("start", settings.start, missing, flush=True)
    net.b.embeddings.requires_grad_(False)
    for layer in net.b.encoder.layer[: settings.frozen]:
        layer.requires_grad_(False)
    body = [p for p in net.b.parameters() if p.requires_grad]
    heads = [*net.span.parameters(), *net.nli.parameters(), *net.yesno.parameters(), *net.relevance.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": body}, {"params": heads}], lr=settings.rate, weight_decay=0.01, fused=True
    )
    mean = [p.detach().clone() for p in (*body, *heads)]

    sources = Sources(settings.data, settings.seed, settings.rows)
    step = tokens = examples = 0
    counts: dict[str, int] = {}
    checkpoint = settings.out / "checkpoint.pt"
    if checkpoint.exists():
        state: dict[str, Any] = torch.load(checkpoint, weights_only=False)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        for kept, saved in zip(mean, state["mean"], strict=True):
            kept.copy_(saved)
        step, tokens, examples, counts = state["step"], state["tokens"], state["examples"], state["counts"]
        sources.random.setstate(state["random"])
        print("taken up at step", step, "tokens", tokens, flush=True)

    def save() -> None:
        total = {name: counts.get(name, 0) + number for name, number in sources.counts.items()}
        total = {**counts, **total}
        state = {
            "net": net.state_dict(),
            "optimiser": optimiser.state_dict(),
            "mean": mean,
            "step": step,
            "tokens": tokens,
            "examples": examples,
            "counts": total,
            "random": sources.random.getstate(),
        }
        torch.save(state, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)
        now = {name: value.clone() for name, value in net.state_dict().items()}
        places = {p: name for name, p in net.named_parameters()}
        for parameter, kept in zip((*body, *heads), mean, strict=True):
            now[places[parameter]] = kept
        last = {name: value.half().contiguous() for name, value in net.state_dict().items()}
        save_file(last, settings.out / "last.safetensors")
        path = settings.out / "reader.safetensors"
        save_file({name: value.half().contiguous() for name, value in now.items()}, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
        told = {
            "step": step,
            "tokens": tokens,
            "examples": examples,
            "seed": settings.seed,
            "rate": settings.rate,
            "batch": settings.batch,
            "longest": settings.longest,
            "frozen": settings.frozen,
            "planned": settings.tokens,
            "rows": dict(sorted(total.items())),
        }
        (settings.out / "run.json").write_text(json.dumps(told, indent=1) + "\n")

    told_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.set())
    net.train()
    end = min(settings.tokens, settings.stop_at or settings.tokens)
    seen: defaultdict[str, list[float]] = defaultdict(list)
    saved = told = time.monotonic()
    since = tokens
    for items in batches(iter(sources), tokenizer, settings.longest, settings.batch):
        batch = collate(items)
        share = min(1.0, tokens / settings.tokens)
        rate = settings.rate * min(1.0, (step + 1) / WARM_UP) * max(0.0, 0.5 * (1 + math.cos(math.pi * share)))
        optimiser.param_groups[0]["lr"] = rate
        optimiser.param_groups[1]["lr"] = rate * HEADS_FASTER
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bfloat16):
            out = net(batch.ids, batch.mask)
        parts = losses(out, batch)
        optimiser.zero_grad()
        sum(parts.values(), torch.zeros(())).backward()
        torch.nn.utils.clip_grad_norm_([*body, *heads], 1.0)
        optimiser.step()
        step += 1
        tokens += int(batch.mask.sum())
        examples += len(items)
        for name, value in parts.items():
            seen[name].append(value.item())
        if step % MEAN_EVERY == 0:
            kept = min(MEAN_KEPT, 1 - 1 / (1 + step / MEAN_EVERY))
            torch._foreach_lerp_(mean, [p.detach() for p in (*body, *heads)], 1 - kept)
        now = time.monotonic()
        if now - told > 20:
            shown = " ".join(f"{name} {sum(v[-200:]) / len(v[-200:]):.3f}" for name, v in sorted(seen.items()))
            print(
                f"step {step} tokens {tokens} examples {examples} {(tokens - since) / (now - told):.0f}/s {shown}",
                flush=True,
            )
            told, since = now, tokens
        if now - saved > settings.save_every:
            save()
            saved = time.monotonic()
        if tokens >= end or told_to_stop.is_set():
            break
    save()
    print("done", step, tokens, examples, flush=True)


if __name__ == "__main__":
    main()
