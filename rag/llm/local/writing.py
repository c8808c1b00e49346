"""Messages -> the model's most likely answer within a grammar, token by token.

Texts of documents and people are tokenised as plain text: only the chat template's own parts may hold control tokens,
so that a document that contains `<|im_end|>` cannot end its own message.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence

from rag.errors import ModelError
from rag.llm.local.decoder import Decoder, TokenRun
from rag.llm.local.engine import STEP_TOKENS, Steps, Task
from rag.types import Message

_CHUNK = STEP_TOKENS - 16  # tokens of a prompt in one step: 16 other tasks may write a token meanwhile


def writing_task(decoder: Decoder, messages: Sequence[Message], grammar: str, max_tokens: int) -> Task:
    """A task whose pieces are text, greedily chosen among the tokens that `grammar` (GBNF, rule `root`) allows.

    Raises `ModelError` if the prompt leaves no room for `max_tokens`; the task raises it if the grammar is invalid.
    """
    prefix, prompt = _chat_tokens(decoder, messages)
    if (read := len(prefix) + len(prompt)) + max_tokens > decoder.context_tokens:
        raise ModelError(
            f"the prompt has {read} tokens and {max_tokens} are kept for the answer; the model's context holds "
            f"{decoder.context_tokens} (setting 'context_tokens')"
        )

    def steps(sequences: Sequence[int], put: Callable[[str], None]) -> Steps:
        (sequence,) = sequences
        sampler = decoder.grammar(grammar)
        text = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            for begin in range(0, len(prompt), _CHUNK):
                logits = yield [TokenRun(sequence, prompt[begin : begin + _CHUNK])]
            for _ in range(max_tokens):
                token = sampler.choose(logits[0][-1])
                if decoder.is_end(token):
                    break
                if piece := text.decode(decoder.piece(token)):
                    put(piece)
                logits = yield [TokenRun(sequence, [token])]
        finally:
            sampler.close()

    return Task(prefix, 1, len(prompt) + max_tokens, steps)


def _chat_tokens(decoder: Decoder, messages: Sequence[Message]) -> tuple[list[int], list[int]]:
    """The model's own chat template around the messages, ending where the assistant begins, in two parts: the tokens
    before the text of the last message, which many chats have in common, and the rest."""
    marks = [f"\x02{number}\x03" for number in range(len(messages))]
    template = decoder.chat_template([(message.role, mark) for message, mark in zip(messages, marks, strict=True)])
    prefix: list[int] = []
    tokens: list[int] = []
    for mark, message in zip(marks, messages, strict=True):
        before, _, template = template.partition(mark)
        prefix += tokens + decoder.tokenize(before, special=True)
        tokens = decoder.tokenize(message.content)
    return prefix, tokens + decoder.tokenize(template, special=True)
