"""The fields of a chat -> the options of its question, and a line for each field that has no effect (pure).

In: a request whose known fields are checked. Out: `Options`. Fields that clients send by habit and that cannot matter
here, such as `seed`, are passed over in silence; any other one is named, since a misspelt `filters` would otherwise be
dropped without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

from api.openai.errors import Refused
from api.openai.schemas import QuestionOptions
from rag.deadline import Deadline
from rag.index.filters import parse_filters
from rag.types import Ask, Filters, Message, Mode

# Known fields without an effect: how to sample, what to keep, whom to bill, and tools, of which none is called.
WITHOUT_EFFECT = frozenset(
    "frequency_penalty function_call functions logit_bias modalities moderation parallel_tool_calls prediction "
    "presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort safety_identifier "
    "seed service_tier store tools top_k top_logprobs user verbosity web_search_options".split()
)
_OWN = tuple(QuestionOptions.model_fields)
_NAMED = 10  # unknown fields, the first ones
_SHOWN = 80  # characters of a name
_SIMILAR = 0.8  # of 1: "fliters" is "filters"


class Options(NamedTuple):
    """Options of a question, and lines about fields that have no effect."""

    mode: Mode | None
    k: int | None
    filters: Filters | None
    warnings: tuple[str, ...] = ()

    def ask(
        self,
        question: str,
        history: tuple[Message, ...],
        deadline: Deadline,
        id: str | None = None,
        stored: bool = True,
    ) -> Ask:
        """The question with these options; `id` and `stored` as in `Ask`."""
        return Ask(question, self.mode, self.k, self.filters, history, deadline, id, stored)


class UnknownField(Refused):
    """A field that the service does not know, in a request that is to be read strictly."""

    status = 422


def read_options(body: QuestionOptions, without_effect: Iterable[str] = WITHOUT_EFFECT) -> Options:
    """The options of a request. Raises `Refused` for documents that are named twice, `UnknownField` for an unknown
    field if the request is `strict`, and `InputError` for filters."""
    given: dict[str, object] = dict(body.filters or {})
    if body.documents:
        if "document" in given:
            raise Refused("documents: filters name documents as well: name them in one of the two", "documents")
        given["document"] = body.documents
    unknown = dict(_unknown(body, frozenset(without_effect)))
    warnings = tuple(map(_line, unknown, unknown.values()))
    if body.strict and unknown:
        raise UnknownField("; ".join(warnings), next(iter(unknown)), "unknown_parameter")
    return Options(body.mode, body.k, parse_filters(given), warnings)


def _unknown(body: QuestionOptions, without_effect: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    """The first unknown fields, each with the one that may be meant. Of `metadata`, which holds tags of the client's
    own, only names that resemble ours."""
    known = tuple(type(body).model_fields)
    extra = (name for name in body.unknown if name not in without_effect)
    for name in islice(extra, _NAMED):
        yield name[:_SHOWN], _similar(name, known)
    for name in islice(getattr(body, "metadata", None) or (), _NAMED):
        if name not in _OWN and (meant := _similar(name, _OWN)):
            yield f"metadata.{name[:_SHOWN]}", f"metadata.{meant}"


def _similar(name: str, known: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(name[:_SHOWN], known, 1, _SIMILAR)), None)


def _line(name: str, meant: str | None) -> str:
    remedy = f"did you mean {meant!r}?" if meant else "leave it out"
    return f"the field {name!r} is unknown and has no effect: {remedy}"
