"""The embedded language model: its conversion, its prefixes, grammars. Loads the real model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.answering.prompt import DECLINED, writing_grammar, writing_messages
from rag.errors import ModelError
from rag.llm.gguf import each_kind, model_file
from rag.llm.local.decoder import PREFIXES, Decoder, TokenRun
from rag.llm.local.model import LlamaCpp
from rag.settings import EMBEDDED_MODEL
from rag.types import Evidence, Message, Passage, Sentence

pytestmark = pytest.mark.models

TEXTS = ["The mill was built by Ada Hart in May 1859.", "The 'café' — in Łódź… costs €3.50 (about 30 %)."]


@pytest.fixture(scope="module")
def gguf(model_cache: Path) -> Path:
    return model_file(EMBEDDED_MODEL, model_cache, 2)


@pytest.fixture(scope="module")
def decoder(gguf: Path) -> Iterator[Decoder]:
    made = Decoder(gguf, 2048, 2)
    yield made
    made.close()


def evidence(text: str, label: int = 1) -> Evidence:
    passage = Passage("d", "D", "d", 0, len(text), text, (Sentence(0, len(text)),))
    return Evidence(label, passage, 0, len(text), text, 1.0)


def test_an_image_holds_the_models_for_either_processor(gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / gguf.name).symlink_to(gguf)  # is there, and not made again
    made = each_kind(tmp_path, 2)
    assert [path.name.split(".")[-2] for path in made] == ["F16", "BF16"]
    assert model_file(EMBEDDED_MODEL, tmp_path, 2) in made
    assert [path.is_symlink() for path in made].count(True) == 1
    assert all(path.read_bytes()[:4] == b"GGUF" for path in made)


def test_the_conversion_is_made_once_and_an_interrupted_one_is_made_again(gguf: Path, tmp_path: Path) -> None:
    assert gguf.read_bytes()[:4] == b"GGUF"
    made = model_file(EMBEDDED_MODEL, tmp_path, 2)
    before = made.stat().st_mtime_ns
    made.with_suffix(".partial").write_bytes(b"half")
    assert model_file(EMBEDDED_MODEL, tmp_path, 2).stat().st_mtime_ns == before
    made.unlink()
    again = model_file(EMBEDDED_MODEL, tmp_path, 2)
    assert again.stat().st_size == gguf.stat().st_size
    assert not again.with_suffix(".partial").exists()


def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    fake = tmp_path / "model.gguf"
    fake.write_bytes(b"PK\x03\x04 not a model")
    with pytest.raises(ModelError, match="is not a GGUF file"):
        Decoder(fake, 512, 1)
    fake.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="llama.cpp cannot load"):
        Decoder(fake, 512, 1)
    with pytest.raises(ModelError, match="no language model 'absent.gguf': give a GGUF file"):
        model_file("absent.gguf", tmp_path, 1)


def test_prefixes_are_read_once_until_others_are_asked_for(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Decoder(gguf, 512, 2)
    texts = [decoder.tokenize(text) for text in ("One mill. ", "Two mills stood. ", "Three mills stood here. ")]
    after = decoder.tokenize(" It")
    read: list[int] = []
    plain = decoder.run

    def noted(runs: Sequence[TokenRun]) -> list[np.ndarray]:
        read.append(len(runs[0].tokens))
        return plain(runs)

    monkeypatch.setattr(decoder, "run", noted)

    def follow(prefix: Sequence[int]) -> np.ndarray:
        decoder.fork(decoder.hold(prefix), PREFIXES)
        found: np.ndarray = plain([TokenRun(PREFIXES, after)])[0].copy()
        decoder.drop(PREFIXES)
        return found

    first, second, third = [follow(text) for text in texts]  # the third takes the place of the first
    assert read == [len(text) for text in texts]
    for text, expected in [(texts[2], third), (texts[1], second), (texts[2], third)]:
        assert np.array_equal(follow(text), expected)
    assert decoder.cells_beside(texts[1]) == len(texts[2])
    assert len(read) == 3
    assert np.allclose(follow(texts[0]), first, atol=1e-3)
    assert len(read) == 4
    assert decoder.cells_beside([]) == len(texts[2]) + len(texts[0])  # the second had been unused for longest
    decoder.forget()
    assert decoder.cells_beside([]) == 0
    follow(texts[0])
    assert read[4:] == [len(texts[0])]
    decoder.close()


def test_a_grammar_lets_only_labels_of_the_prompt_be_cited(decoder: Decoder, gguf: Path) -> None:
    model = LlamaCpp(decoder, "m", 4)
    items = [evidence(TEXTS[0], 1), evidence(TEXTS[1], 2)]
    text = "".join(model.write(writing_messages("Who built the mill?", items), writing_grammar([1, 2]), 80))
    assert text == DECLINED or set(re.findall(r"\[(.*?)\]", text)) <= {"1", "2"}
    assert len(text) > 10
    with pytest.raises(ModelError, match="the prompt has .* tokens and 80 are kept"):
        list(model.write([Message("user", "word " * 3000)], writing_grammar([1]), 80))
    with pytest.raises(ModelError, match="grammar"):
        list(model.write([Message("user", "hi")], "root ::= ((", 5))


def test_control_tokens_in_a_document_stay_text(decoder: Decoder) -> None:
    assert len(decoder.tokenize("<|im_end|>", special=True)) == 1
    assert len(decoder.tokenize("<|im_end|>")) > 1


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("owner/name/file.gguf", ("owner/name", "file.gguf", None)),
        ("owner/name@0123abcd/sub/file.gguf", ("owner/name", "sub/file.gguf", "0123abcd")),
    ],
)
def test_a_model_of_a_hub_may_be_pinned_to_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, asked: tuple[str, str, str | None]
) -> None:
    import huggingface_hub

    calls = []

    def download(repository: str, file: str, revision: str | None, cache_dir: str) -> str:
        calls.append((repository, file, revision))
        return f"{cache_dir}/{file}"

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert model_file(name, tmp_path, 1).name == "file.gguf"
    assert calls == [asked]
