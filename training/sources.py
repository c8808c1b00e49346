"""Training rows -> examples in the form that the product meets, with noise and negatives made on the way.

The data folder holds `qa/`, `nli/` and `as2/` with one `NAME.jsonl.gz` a set, and optionally `made/` with rows of the
form of `qa/` that also name a `title` and a `section`. Everything random comes from one generator, so that a seed and
a number of examples say what was seen.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rag.reading.forms import shown
from rag.types import Passage

Row = dict[str, Any]

QA = {
    "squad2-phong": 6,
    "squad1-empty": 5,
    "squad1-ermeba": 1,
    "squad1-cs224n-small": 0.8,
    "squad1-cs224n-small1000": 1.2,
    "squad1-cs224n-val": 7,
    "squad1-kou-sentences": 5,
    "squad1-nqg-sentences": 3,
    "squad1-recovered": 5,
    "squad1-recovered-lc": 2,
    "squad1-split-sentences": 10,
    "squad1-kou-near": 0.7,
    "squad1-nqg-near": 0.5,
    "squad1-swapped": 2,
    "squad2-cr": 22,
    "squad2-unansq-dev": 16,
    "squad2-unansq-train": 9,
    "qamr-dev": 3,
    "qamr-test": 3,
    "qamr-near": 1,
    "qasrl-gs": 0.5,
    "qed": 4,
    "covidqa": 2,
    "quoref": 1,
    "condaqa": 3,
    "boolq-dev": 4,
    "tatqa-table": 2,
    "tatqa-text": 2,
    "hotpot-halueval": 1.5,
    "wtq-lookup": 3,
}
NLI = {
    "fever-athnlp": 5,
    "fever-eraser": 9,
    "fever-eraser-other": 6,
    "fever-symmetric": 2,
    "mnli-dev": 9,
    "snli": 2.5,
    "infotabs": 6,
    "wice": 4,
    "factcg-doc": 6,
    "factcg-musique": 1.5,
    "factcheck-gpt": 4,
    "halueval-qa": 1,
    "q2-wow": 3,
    "fetaqa": 4,
    "summedits-scitldr": 2,
    "summedits-qmsumm": 1,
    "summedits-sales_call": 1,
    "summedits-sales_email": 1.5,
    "summedits-podcast": 0.5,
    "conjnli": 5,
    "med": 1.5,
    "attrbench-attributedqa": 0.6,
    "attrbench-expertqa": 2.5,
    "attrbench-hagrid": 3,
    "attrbench-stanford-gensearch": 3,
    "dialfact-small": 0.3,
    "written-claims": 16,
}
TWO_CLASSES = {
    "wice",
    "factcg-doc",
    "factcg-musique",
    "halueval-qa",
    "q2-wow",
    "fetaqa",
    "med",
    "summedits-scitldr",
    "summedits-qmsumm",
    "summedits-sales_call",
    "summedits-sales_email",
    "summedits-podcast",
    "attrbench-attributedqa",
    "attrbench-expertqa",
    "attrbench-hagrid",
    "attrbench-stanford-gensearch",
    "factcheck-gpt",
}
SUPPORTED, CONTRADICTED, UNSUPPORTED, NOT_SUPPORTED = 0, 1, 2, 3
LABELS = {"supported": SUPPORTED, "contradicted": CONTRADICTED, "unsupported": UNSUPPORTED}
YES, NO, NEITHER = 0, 1, 2
IGNORED = -100
CLAIM_SHARE, AS2_SHARE, MADE_SHARE = 0.12, 0.02, 0.50  # of all examples
WRITTEN_CLAIMS = 0.5  # of the questions whose answer is checked as a claim
CLAIM_QUESTIONS = 0.10  # of the questions that are not made: claims asked as yes/no questions

STOP = frozenset(
    "the a an of in to and was is were are did do does what who which when where how many much why that for on by with "
    "at from as it its be been this has had have or i my we our you your can could may will would should there".split()
)
WORD = re.compile(r"\w+")
NUMBER = re.compile(r"\b\d[\d,.]*\b")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})*")
SENTENCE_END = re.compile(r"[.!?][\"')\]]?\s+(?=[A-Z0-9\"(\[])|\n+")


class Example(NamedTuple):
    """Pair of texts with the targets of the heads; a target that is None or IGNORED is not trained."""

    kind: str  # "qa", "claim"
    first: str
    second: str
    origin: list[int]
    span: tuple[int, int] | None  # characters of the second text; (-1, -1) for no answer; None if not trained
    yesno: int
    relevance: int
    claim: int


def passage(text: str, title: str, section: str | None) -> Passage:
    """A passage of no document."""
    return Passage("", title, "", 0, len(text), text, (), section)


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans that together cover the text."""
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    return [(a, b) for a, b in zip(cuts, cuts[1:], strict=False) if b > a]


def words(text: str) -> set[str]:
    return {word for word in WORD.findall(text.lower()) if word not in STOP}


class Nearest:
    """Contexts that share rare words with a question (BM25 without its lengths)."""

    def __init__(self, contexts: list[str]) -> None:
        self.contexts = contexts
        postings: defaultdict[str, list[int]] = defaultdict(list)
        for number, context in enumerate(contexts):
            for word in words(context):
                postings[word].append(number)
        most = max(30, len(contexts) // 25)
        self.postings = {word: found for word, found in postings.items() if len(found) <= most}

    def find(self, question: str, count: int) -> list[str]:
        scores: Counter[int] = Counter()
        for word in words(question):
            found = self.postings.get(word, ())
            weight = math.log(1 + len(self.contexts) / (1 + len(found)))
            for number in found:
                scores[number] += weight  # type: ignore[assignment]
        return [self.contexts[number] for number, _ in scores.most_common(count)]


class Sources:
    """Endless stream of examples."""

    def __init__(self, folder: Path, seed: int, most_rows: int | None = None) -> None:
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.qa = _read(folder / "qa", QA, most_rows)
        for rows in self.qa.values():
            rows[:] = [row for row in rows if len(row["context"]) < 6000]
        if "squad2-cr" in self.qa:
            exact = [row for row in self.qa["squad2-cr"] if row.get("match") == "prefix"]
            self.qa["squad2-cr"] += 3 * exact
        self.nli = _read(folder / "nli", NLI, most_rows)
        self.as2 = _read(folder / "as2", {"medquad": 1, "selqa": 1}, most_rows)
        made = folder / "made"
        self.made: dict[str, list[Row]] = {}
        self.made_weights: dict[str, float] = {}
        if made.is_dir():
            names = {path.name.removesuffix(".jsonl.gz"): 1.0 for path in made.glob("*.jsonl.gz")}
            self.made = _read(made, names, most_rows)
            self.made_weights = {name: math.sqrt(len(rows)) for name, rows in self.made.items()}
            weights = made / "weights.json"
            if weights.exists():
                self.made_weights.update(json.loads(weights.read_text()))
        self.written = [row for rows in self.made.values() for row in rows if row["made"] == "written"]
        whole = [row["context"] for name, rows in self.qa.items() if "sentences" not in name for row in rows]
        self.near = Nearest(sorted({context for context in whole if len(context) > 200}))
        self.names: list[str] = []
        for context in self.random.sample(self.near.contexts, min(3000, len(self.near.contexts))):
            self.names += NAME.findall(context)[:3]
        self.names = self.names or ["Alice"]
        self.long_words = self._long_words()

    def _long_words(self) -> dict[str, list[str]]:
        """Words by their last letters, to put one in another's place."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for rows in self.nli.values():
            for row in rows[:2000]:
                for word in re.findall(r"\b[a-z]{6,}\b", row["claim"]):
                    found[word[-3:]].add(word)
        return {ending: sorted(group) for ending, group in found.items() if len(group) > 8}

    def __iter__(self) -> Iterator[Example]:
        while True:
            example = self.one()
            if example is not None:
                yield example

    def one(self) -> Example | None:
        draw = self.random.random()
        if draw < CLAIM_SHARE:
            return self._claim()
        if draw < CLAIM_SHARE + AS2_SHARE and self.as2:
            return self._as2()
        if self.made and self.random.random() < MADE_SHARE / (1 - CLAIM_SHARE - AS2_SHARE):
            return self._made()
        return self._question()

    # Questions

    def _question(self) -> Example | None:
        if self.random.random() < CLAIM_QUESTIONS and "fever-eraser" in self.nli:
            return self._claim_asked()
        source = self._pick(self.qa, QA)
        row = self.random.choice(self.qa[source])
        question, context = row["question"], row["context"]
        yesno = row.get("yesno")
        if yesno:
            label = YES if yesno == "yes" else NO
            if self.random.random() < 0.12:
                other = self._other(question, context, None)
                return other and self._pair(source, question, other, (-1, -1), NEITHER, 0)
            return self._pair(source, question, context, None, label, 1)
        if not row["answers"]:
            if source != "condaqa" and len(context) > 260 and self.random.random() < 0.35:
                context = self._near_window(question, context)
            return self._pair(source, question, context, (-1, -1), NEITHER, 0)
        answer = self.random.choice(row["answers"])
        text, start = answer["text"], answer["start"]
        draw = self.random.random()
        if draw < 0.05:
            window, _ = self._window(context, start, len(text))
            changed = self._swapped(question, window)
            if changed:
                return self._pair(source, changed, window, (-1, -1), NEITHER, 0)
        elif draw < 0.13:
            without = self._without(context, start, len(text), text)
            if without:
                return self._pair(source, question, without, (-1, -1), NEITHER, 0)
        elif draw < 0.24:
            other = self._other(question, context, text)
            if other:
                return self._pair(source, question, other, (-1, -1), NEITHER, 0)
        window, at = self._window(context, start, len(text))
        return self._pair(source, question, window, (at, at + len(text)), NEITHER, 1)

    def _claim_asked(self) -> Example | None:
        """A claim as a yes/no question, its evidence among other sentences."""
        source = self.random.choice(("fever-eraser", "fever-eraser", "fever-eraser-other", "fever-symmetric"))
        rows = self.nli.get(source) or self.nli["fever-eraser"]
        row = self.random.choice(rows)
        match = re.fullmatch(
            r"((?:[\w.'()-]+ ){0,5}[\w.'()-]+?) (is|was|are|were|has|had|can|will|did) (not )?(.+)\.", row["claim"]
        )
        if not match or len(row["evidence"]) > 900:
            return None
        subject, verb, negation, rest = match[1], match[2], match[3] or "", match[4]
        if re.match(r"(?:The|A|An|There|It) ", subject):
            subject = subject[0].lower() + subject[1:]
        if verb in ("has", "had") and re.match(r"(?:an?|the|no|\d+|many|several) ", rest):
            asked = f"{'Does' if verb == 'has' else 'Did'} {subject} {negation}have {rest}?"
        else:
            asked = f"{verb.capitalize()} {subject} {negation}{rest}?"
        parts = [self.random.choice(rows)["evidence"] for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        parts = [part for part in parts if len(part) < 500 and part != row["evidence"]]
        place = self.random.randint(0, len(parts))
        start = sum(len(part) + 1 for part in parts[:place])
        context = " ".join([*parts[:place], row["evidence"], *parts[place:]])
        label = LABELS[row["label"]]
        if label == UNSUPPORTED:
            return self._pair(source, asked, context, (-1, -1), NEITHER, 0)
        span = (start, start + len(row["evidence"]))
        return self._pair(source, asked, context, span, YES if label == SUPPORTED else NO, 1)

    def _pair(
        self,
        source: str,
        question: str,
        context: str,
        span: tuple[int, int] | None,
        yesno: int,
        relevance: int,
        title: str | None = None,
        section: str = "",
        noisy: bool = True,
    ) -> Example:
        self.counts[source] += 1
        if title is None:
            title, section = self._title(context)
        view = shown(passage(context, title, section))
        if noisy:
            question = self._noisy(question)
        return Example("qa", question, view.text, view.origin, span, yesno, relevance, IGNORED)

    def _title(self, context: str) -> tuple[str, str]:
        """Invented title and section: what the text speaks of, something else, or none."""
        draw = self.random.random()
        if draw < 0.35:
            return "", ""
        names = Counter(NAME.findall(context)).most_common(3)
        title = self.random.choice(names)[0] if names and draw < 0.75 else self.random.choice(self.names)
        section = self.random.choice(self.names) if self.random.random() < 0.3 else ""
        if self.random.random() < 0.15:
            title = title.lower().replace(" ", "-") + self.random.choice((".md", ".pdf", ".txt", "", " 2023"))
        return title, section

    def _window(self, context: str, start: int, length: int) -> tuple[str, int]:
        """The passage or a part of it around the answer, and the answer's place in that."""
        if self.random.random() < 0.6:
            return context, start
        spans = sentences(context)
        low = max([n for n, (a, _) in enumerate(spans) if a <= start] or [0])
        high = max([n for n, (a, _) in enumerate(spans) if a < start + length] or [low])
        low = max(0, low - self.random.choice((0, 0, 1, 2)))
        high = min(len(spans) - 1, high + self.random.choice((0, 0, 1, 2)))
        return context[spans[low][0] : spans[high][1]].rstrip(), start - spans[low][0]

    def _without(self, context: str, start: int, length: int, answer: str) -> str | None:
        """The passage without the sentence of the answer, or its sentence that is nearest to that."""
        spans = sentences(context)
        rest = [(a, b) for a, b in spans if not (a < start + length and b > start)]
        rest = [(a, b) for a, b in rest if answer.lower() not in context[a:b].lower()]
        if not rest:
            return None
        if self.random.random() < 0.5:
            return "".join(context[a:b] for a, b in rest).strip()
        asked = words(context[max(0, start - 100) : start + 100])
        a, b = max(rest, key=lambda span: len(asked & words(context[span[0] : span[1]])))
        return context[a:b].strip()

    def _near_window(self, question: str, context: str) -> str:
        spans, asked = sentences(context), words(question)
        best = max(
            range(len(spans)), key=lambda n: len(asked & words(context[slice(*spans[n])])) + self.random.random()
        )
        low = max(0, best - self.random.choice((0, 0, 1)))
        high = min(len(spans) - 1, best + self.random.choice((0, 0, 1)))
        return context[spans[low][0] : spans[high][1]].strip()

    def _other(self, question: str, context: str, answer: str | None) -> str | None:
        """Another passage that a search for the question finds, without the answer's words."""
        near = [
            other
            for other in self.near.find(question, 6)
            if other != context
            and context not in other
            and other not in context
            and not (answer and answer.lower() in other.lower())
        ]
        return self.random.choice(near[:4]) if near else None

    def _swapped(self, text: str, context: str) -> str | None:
        """The text about another number or name than the context's."""
        numbers = NUMBER.findall(text)
        if numbers and self.random.random() < 0.5:
            number = self.random.choice(numbers)
            other = re.sub(r"\d", lambda _: str(self.random.randint(1, 9)), number)
            return text.replace(number, other) if other != number and other not in context else None
        names = [name for name in NAME.findall(text) if name in context]
        if not names:
            return None
        name, other = self.random.choice(names), self.random.choice(self.names)
        return text.replace(name, other) if other not in context and other not in text else None

    def _noisy(self, question: str) -> str:
        """The question as people type it."""
        chance = self.random.random
        if chance() < 0.2:
            question = question.rstrip("? ")
        if chance() < 0.2:
            question = question.lower()
        if chance() < 0.06:
            question = self._typo(question)
        if chance() < 0.04 and question[:1].isupper():
            lead = self.random.choice(
                ("Can you tell me ", "Do you know ", "I want to know ", "Please tell me: ", "Hi, ")
            )
            question = lead + question[0].lower() + question[1:]
        if chance() < 0.03:
            kept = [word for word in question.rstrip("?").split() if word.lower() not in STOP]
            if len(kept) > 2:
                question = " ".join(kept)
        return question

    def _typo(self, text: str) -> str:
        places = [match for match in re.finditer(r"[a-z]{5,}", text)]
        if not places:
            return text
        at = self.random.choice(places).start() + self.random.randint(1, 3)
        return self.random.choice(
            (
                text[:at] + text[at + 1 :],
                text[:at] + text[at + 1] + text[at] + text[at + 2 :],
                text[:at] + text[at] + text[at:],
            )
        )

    def _as2(self) -> Example:
        source = self._pick(self.as2, {"medquad": 1, "selqa": 1})
        row = self.random.choice(self.as2[source])
        if row["label"] == 0 and source == "selqa" and self.random.random() < 0.5:
            row = self.random.choice(self.as2[source])
        span = (0, len(row["text"])) if row["label"] else (-1, -1)
        if source == "medquad" and row["label"]:
            span_or_none: tuple[int, int] | None = None
        else:
            span_or_none = span if not row["label"] else None
        return self._pair(source, row["question"], row["text"], span_or_none, NEITHER, row["label"])

    def _made(self) -> Example | None:
        source = self._pick(self.made, self.made_weights)
        row = self.random.choice(self.made[source])
        if (
            row["made"].split("-")[0] in ("heading", "label")
            and "how" not in row["made"]
            and self.random.random() < 0.6
        ):
            return None
        one_line = row["answers"] and "\n" not in row["answers"][0]["text"]
        if one_line and row["made"] != "written" and self.random.random() < 0.25:
            return None  # lists and steps are rarer than they are asked for
        yesno = {"yes": YES, "no": NO}.get(row.get("yesno") or "", NEITHER)
        title, section = row.get("title") or None, row.get("section") or ""
        draw = self.random.random()
        if draw < 0.06:
            title, section = "", ""
        elif draw < 0.12:
            section = ""
        if not row["answers"]:
            span, yesno = (-1, -1), NEITHER
        else:
            answer = self.random.choice(row["answers"])
            span = (answer["start"], answer["start"] + len(answer["text"]))
        context = row["context"]
        if span and span[0] >= 0 and draw > 0.94:
            changed = self._swapped(row["question"], context)
            if changed:
                return self._pair(source, changed, context, (-1, -1), NEITHER, 0, title, section)
        return self._pair(source, row["question"], context, span, yesno, int(row["answerable"]), title, section)

    # Claims

    def _claim(self) -> Example | None:
        draw = self.random.random()
        if draw < 0.03:
            return self._order()
        if draw < 0.15:
            return self._answer_as_claim()
        source = self._pick(self.nli, NLI)
        rows = self.nli[source]
        row = self.random.choice(rows)
        claim, evidence, label = row["claim"], row["evidence"], LABELS[row["label"]]
        if label == UNSUPPORTED and source in TWO_CLASSES:
            label = NOT_SUPPORTED
        if label == SUPPORTED:
            draw = self.random.random()
            changed = None
            if draw < 0.12:
                changed = self._swapped(claim, evidence)
                changed_label = CONTRADICTED
            elif draw < 0.22:
                changed = self._other_word(claim, evidence)
                changed_label = NOT_SUPPORTED
            elif draw < 0.30:
                found = self._rounded(claim, evidence)
                changed, changed_label = found if found else (None, 0)
            if changed:
                claim, label = changed, changed_label
        if self.random.random() < 0.05:
            evidence, label = self.random.choice(rows)["evidence"], NOT_SUPPORTED
            if evidence == row["evidence"]:
                return None
        if len(evidence) < 400 and self.random.random() < 0.25 and source not in ("snli", "med", "mnli-dev"):
            others = [self.random.choice(rows)["evidence"] for _ in range(self.random.choice((1, 1, 2, 3)))]
            texts = [text for text in others if len(text) < 500] + [evidence]
            self.random.shuffle(texts)
            evidence = " ".join(texts)
        return self._support(source, claim, evidence, label)

    def _support(self, source: str, claim: str, evidence: str, label: int) -> Example:
        self.counts[source] += 1
        title, section = self._title(evidence) if self.random.random() < 0.4 else ("", "")
        view = shown(passage(evidence, title, section))
        if self.random.random() < 0.05:
            claim = claim.lower()
        return Example("claim", claim, view.text, view.origin, None, IGNORED, IGNORED, label)

    def _other_word(self, claim: str, evidence: str) -> str | None:
        """The claim with one long word put in another's place."""
        lower = evidence.lower()
        places = [
            m for m in re.finditer(r"\b[a-z]{6,}\b", claim) if m.group() in lower and m.group()[-3:] in self.long_words
        ]
        if not places:
            return None
        match = self.random.choice(places)
        other = self.random.choice(self.long_words[match.group()[-3:]])
        if other[:4] == match.group()[:4] or other in lower:
            return None
        return claim[: match.start()] + other + claim[match.end() :]

    def _rounded(self, claim: str, evidence: str) -> tuple[str, int] | None:
        """The claim with a number or year said roughly, rightly or wrongly."""
        shared = [m for m in NUMBER.finditer(claim) if m.group() in evidence]
        if not shared:
            return None
        match = self.random.choice(shared)
        digits = match.group().rstrip(".,").replace(",", "")
        if not digits.isdigit() or not 3 <= len(digits) <= 9:
            return None
        value, right = int(digits), self.random.random() < 0.55
        if 1000 <= value <= 2100 and "," not in match.group():
            if not re.search(r"(?:in|since|until|of) $", claim[: match.start()]):
                return None
            moved = value if right else value + self.random.choice((-40, -30, -20, 20, 30))
            part = "early" if moved % 10 < 4 else "mid" if moved % 10 < 7 else "late"
            said = f"the {part} {moved // 10 * 10}s" if self.random.random() < 0.6 else f"the {moved // 10 * 10}s"
        else:
            if not right:
                value = int(value * self.random.choice((0.4, 0.6, 1.6, 2.5)))
            unit = 10 ** (len(str(value)) - 1 if len(str(value)) < 3 else len(str(value)) - 2)
            said = self.random.choice(
                ("about ", "around ", "roughly ", "nearly " if round(value / unit) * unit > value else "about ")
            )
            said += f"{round(value / unit) * unit:,}"
        text = claim[: match.start()] + said + claim[match.start() + len(match.group().rstrip(".,")) :]
        return text, SUPPORTED if right else CONTRADICTED

    def _order(self) -> Example:
        """A sentence that tells who did what to whom."""
        verb, passive, reverse = self.random.choice(
            (
                ("beat", "was beaten by", "lost to"),
                ("defeated", "was defeated by", "lost to"),
                ("taught", "was taught by", "learned from"),
                ("hired", "was hired by", "was given a job by"),
                ("owns", "is owned by", "belongs to"),
                ("acquired", "was acquired by", "was bought by"),
                ("borrowed the book from", "lent the book to", "gave the book to"),
                ("is older than", "is younger than", "is not as old as"),
                ("succeeded", "was succeeded by", "came before"),
                ("sold the house to", "bought the house from", "got the house from"),
                ("is north of", "is south of", "lies to the south of"),
                ("sent a letter to", "got a letter from", "heard from"),
            )
        )
        one, two = self.random.sample(self.names, 2) if len(self.names) > 1 else ("Bob", "Anna")
        tail = self.random.choice(("", " in 2019", " last year", " on 3 May", ", as the paper said"))
        evidence = f"{one} {verb} {two}{tail}." if self.random.random() < 0.6 else f"{two} {passive} {one}{tail}."
        right = self.random.random() < 0.5
        a, b = (one, two) if right else (two, one)
        claim = self.random.choice((f"{a} {verb} {b}.", f"{b} {passive} {a}.", f"{b} {reverse} {a}."))
        if self.near.contexts and self.random.random() < 0.5:
            around = self.random.choice(self.near.contexts)
            spans = sentences(around)
            place = self.random.choice(spans)[0]
            evidence = f"{around[:place]}{evidence} {around[place:]}"
        return self._support("order", claim, evidence, SUPPORTED if right else CONTRADICTED)

    def _answer_as_claim(self) -> Example | None:
        """Question and answer together as a claim, or another span of the same passage in the answer's place."""
        if self.written and self.random.random() < WRITTEN_CLAIMS:
            row = self.random.choice(self.written)
        else:
            row = self.random.choice(self.qa[self._pick(self.qa, QA)])
        context = row["context"]
        if row.get("yesno"):
            said = row["yesno"] if self.random.random() < 0.5 else {"yes": "no", "no": "yes"}[row["yesno"]]
            label = SUPPORTED if said == row["yesno"] else CONTRADICTED
            return self._support("answers", f"{row['question']} {said.capitalize()}.", context, label)
        if row["answers"]:
            answer = self.random.choice(row["answers"])["text"]
            if len(answer) > 200:
                return None
            if self.random.random() < 0.5:
                return self._support("answers", f"{row['question']} {answer}", context, SUPPORTED)
            pattern = NUMBER if NUMBER.search(answer) else NAME
            others = [
                m
                for m in pattern.findall(context)
                if m.lower() not in answer.lower() and answer.lower() not in m.lower()
            ]
            if not others:
                return None
            return self._support("answers", f"{row['question']} {self.random.choice(others)}", context, NOT_SUPPORTED)
        if self.random.random() < 0.5:
            others = NAME.findall(context) + NUMBER.findall(context)
            if others:
                return self._support(
                    "answers", f"{row['question']} {self.random.choice(others)}", context, NOT_SUPPORTED
                )
        return None

    def _pick(self, sets: dict[str, list[Row]], weights: dict[str, float]) -> str:
        names = list(sets)
        return self.random.choices(names, [weights[name] for name in names])[0]


def _read(folder: Path, weights: dict[str, Any], most: int | None) -> dict[str, list[Row]]:
    found = {}
    for name in weights:
        path = folder / f"{name}.jsonl.gz"
        if path.exists():
            with gzip.open(path, "rt", encoding="utf-8") as file:
                rows = [json.loads(line) for _, line in zip(range(most or 10**9), file, strict=False)]
            if rows:
                found[name] = rows
    return found
