"""Folders of documents -> questions made by rule, with their answers and with passages that do not hold them.

    python documents.py FOLDER NAME LICENCE OUT.jsonl.gz [--files 300] [--seed 0]

Documents are read and cut into passages as the product does it. A rule turns what a sentence, list, heading or table
says into a question whose answer is known: "To rotate the keys, ..." answers "How do I rotate the keys?" with the whole
sentence. Every question also meets passages of the same document and of others that share its words.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sources import Nearest, words

from rag.documents.read import is_readable, read_document
from rag.errors import DocumentError
from rag.ingest.chunking import chunk
from rag.types import Document, Passage

Row = dict[str, Any]
TOKEN = re.compile(r"\w+|[^\w\s]")
LIST_LINE = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+(?=\S)")
NUMBERED = re.compile(r"\s*\d{1,2}[.)]\s")
ANTONYMS = {
    "enable": "disable",
    "disable": "enable",
    "install": "uninstall",
    "add": "remove",
    "remove": "add",
    "start": "stop",
    "stop": "start",
    "create": "delete",
    "delete": "create",
    "open": "close",
    "close": "open",
    "first": "last",
    "minimum": "maximum",
    "maximum": "minimum",
    "before": "after",
    "after": "before",
    "accept": "refuse",
    "increase": "reduce",
    "allow": "forbid",
    "include": "exclude",
    "join": "leave",
    "buy": "sell",
    "import": "export",
    "upload": "download",
    "encrypt": "decrypt",
    "send": "receive",
    "show": "hide",
    "lock": "unlock",
}
OTHER_WORDS = {
    "remove": "get rid of",
    "delete": "get rid of",
    "start": "begin",
    "stop": "end",
    "need": "require",
    "require": "need",
    "purchase": "buy",
    "receive": "get",
    "obtain": "get",
    "modify": "change",
    "change": "alter",
    "create": "make",
    "employees": "staff",
    "employee": "worker",
    "error": "problem",
    "issue": "problem",
    "permitted": "allowed",
    "ensure": "make sure",
    "request": "ask for",
    "submit": "hand in",
    "contact": "reach",
    "use": "make use of",
    "specify": "set",
    "configure": "set up",
    "additional": "more",
    "assist": "help",
    "select": "choose",
    "choose": "pick",
    "verify": "check",
    "check": "look at",
    "display": "show",
    "show": "display",
    "allow": "let",
    "provide": "give",
    "run": "launch",
    "execute": "run",
    "install": "set up",
    "update": "bring up to date",
    "leave": "time off",
    "travel": "trips",
    "payment": "money",
    "cost": "price",
    "meeting": "call",
    "document": "paper",
    "prior": "earlier",
    "notify": "tell",
    "inform": "tell",
    "terminate": "end",
    "cancel": "call off",
    "repair": "fix",
}
AUX = r"is|are|was|were|can|will|must|should|may|has|have|does|do"
SHORT = r"(?:[\w'’/.-]+ ){0,5}[\w'’/.-]+"


LONGEST = 60_000  # characters of a document


class Asked(NamedTuple):
    """A question with the span of the passage that answers it."""

    question: str
    start: int
    end: int
    yesno: str | None
    rule: str


class Maker:
    """Rules, with the words that they have to know."""

    def __init__(self, rng: random.Random, texts: list[str]) -> None:
        self.random = rng
        counts: Counter[str] = Counter()
        every: Counter[str] = Counter()
        for text in texts:
            counts.update(re.findall(r"\b(?:to|can|must|should|will) ([a-z]{2,})\b", text))
            every.update(re.findall(r"\b[a-z]{2,}\b", text.lower()))
        self.verbs = Counter({word: count for word, count in counts.items() if 4 * count > every[word]})

    def asked(self, passage: Passage) -> Iterator[Asked]:
        """All that the rules ask about the passage."""
        text = passage.text
        spans = [(s.start - passage.start, s.end - passage.start) for s in passage.sentences]
        for number, (start, end) in enumerate(spans):
            sentence = text[start:end]
            if " | " in sentence or not 15 < len(sentence) < 400:
                continue
            following = self._list_after(text, end) if sentence.rstrip().endswith(":") else None
            marker = LIST_LINE.match(sentence)
            begin = start + (marker.end() if marker else 0)
            for question, yesno, rule in self._sentence(text[begin:end]):
                stop = following[1] if following and rule in ("to", "if", "by") else end
                yield Asked(question, begin, stop, yesno, rule)
            if following:
                for question, rule in self._introduced(sentence):
                    yield Asked(question, following[0], following[1], None, rule)
            labelled = re.fullmatch(r"([A-Z][\w' /-]{3,50})(?::| –| —| -) (.{2,200})", text[begin:end].strip())
            if labelled and "\n" not in labelled[0]:
                value_start = begin + text[begin:end].index(labelled[2])
                short = len(labelled[2].split()) <= 8
                label = labelled[1][0].lower() + labelled[1][1:] if not labelled[1].isupper() else labelled[1]
                figure = re.match(r"[$€£]", labelled[2])
                forms = (
                    [f"How much is the {label}?", f"How much do I pay for {label}?"]
                    if figure
                    else [
                        f"What is the {label}?",
                        f"{label}?",
                        f"What about {label}?",
                        f"What does it say about {label}?",
                    ]
                )
                yield Asked(self.random.choice(forms), value_start if short else begin, end, None, "label")
            _ = number
        yield from self._heading(passage, spans)
        yield from self._tables(text)

    def _list_after(self, text: str, end: int) -> tuple[int, int] | None:
        rest = text[end:]
        lead = len(rest) - len(rest.lstrip())
        lines = rest.lstrip().split("\n")
        count = 0
        length = 0
        for line in lines:
            if not LIST_LINE.match(line):
                break
            count += 1
            length += len(line) + 1
        if count < 2:
            return None
        return end + lead, end + lead + length - 1

    def _sentence(self, sentence: str) -> Iterator[tuple[str, str | None, str]]:
        sentence = sentence.strip()
        if match := re.match(r"(?:In order )?[Tt]o ([a-z][^,:;()]{6,80}), (?=[a-z])", sentence):
            yield self._how(match[1]), None, "to"
        if match := re.match(
            r"(?:You can|We can|It is possible to|You may) (?:also )?([a-z][^,:;()]{6,80}?) (?:by|using|with) .{8,}",
            sentence,
        ):
            yield self._how(match[1]), None, "by"
        if match := re.match(r"If ([^,:;()]{8,90}), (.{8,})", sentence):
            condition = _from_reader(match[1])
            lead = self.random.choice(
                ("What happens if ", "What if ", "What do I do if ", "What should I do when ", "and if ")
            )
            yield lead + condition + "?", None, "if"
        if match := re.match(r"When(?:ever)? ([^,:;()]{8,90}), (.{8,})", sentence):
            yield "What happens when " + _from_reader(match[1]) + "?", None, "if"
        if match := re.match(
            rf"(?:The |the )?(.{{4,60}}?) (?:defaults to|is set to|is limited to) ({SHORT})", sentence
        ):
            yield (
                f"What is {self.random.choice(('the default of', 'the default for', 'the limit of'))} {_lower(match[1])}?",
                None,
                "whole",
            )
        if match := re.match(
            rf"((?:The |A |An |Your )?{SHORT}) (is|are|was|were|can|must|should|will|may) (.{{6,120}}?),? (?:because|since|so that|in order to) .{{8,}}",
            sentence,
        ):
            yield (
                self._question(f"Why {match[2]} {_lower(_from_reader(match[1]))} {_from_reader(match[3])}?"),
                None,
                "why",
            )
        if match := re.match(
            r"You (can(?:not|'t|’t)?|may(?: not)?|must(?: not)?|should(?: not|n't|n’t)?|(?:do not|don't|don’t) (?:need|have) to|need to|have to) ((?:also )?[a-z][^.:;()]{6,90})[.]",
            sentence,
        ):
            yield from self._allowed(match[1], match[2].removeprefix("also "))
        if match := re.match(r"(?:Please )?(Do not|Don't|Don’t|Never|Avoid) ([a-z][^.:;()]{6,80})[.]", sentence):
            action = match[2] if match[1] != "Avoid" else self._base(match[2])
            if action:
                lead = self.random.choice(("Can I", "May I", "Should I", "Is it okay to", "Am I allowed to"))
                yield f"{lead} {_from_reader(action)}?", "no", "yesno"
        if match := re.match(
            rf"((?:The |A |An |Your |Our |All |This |These )?{SHORT}) ({AUX}) (not |never |no longer |only )?([a-z][^.:;()]{{6,90}})[.]$",
            sentence,
        ):
            subject, verb, negation, rest = match[1], match[2], (match[3] or "").strip(), match[4]
            first = subject.split()[0].lower()
            if (
                first
                not in (
                    "it",
                    "this",
                    "these",
                    "they",
                    "that",
                    "there",
                    "he",
                    "she",
                    "if",
                    "when",
                    "to",
                    "you",
                    "for",
                    "in",
                    "and",
                    "but",
                    "as",
                    "once",
                    "which",
                    "what",
                )
                and "," not in subject
                and not re.search(r"\b(?:that|which|who|is|are|can)\b", subject)
            ):
                if negation == "only":
                    pass
                elif negation:
                    yield f"{verb.capitalize()} {_lower(_from_reader(subject))} {_from_reader(rest)}?", "no", "yesno"
                else:
                    yield f"{verb.capitalize()} {_lower(_from_reader(subject))} {_from_reader(rest)}?", "yes", "yesno"
        if match := re.match(rf"((?:The |A |An )?[A-Z]?{SHORT}) (?:is|are) (?:a|an|the) ", sentence):
            subject = match[1]
            if (
                subject.split()[0].lower()
                not in (
                    "it",
                    "this",
                    "these",
                    "they",
                    "that",
                    "there",
                    "here",
                    "he",
                    "she",
                    "if",
                    "what",
                    "one",
                    "another",
                    "when",
                    "for",
                    "in",
                )
                and len(subject.split()) < 5
            ):
                yield f"What is {_lower(subject)}?", None, "whole"
        if match := re.match(
            r"(?:You|Employees|Users|Members|Staff|All employees) (?:must|should|need to|have to) ([a-z][^.:;()]{8,80}?) (within|before|after|at least|no later than|by) [^.]{3,60}[.]",
            sentence,
        ):
            lead = "How long do I have to " if match[2] == "within" else "When do I have to "
            yield lead + _from_reader(match[1]) + "?", None, "when"

    def _how(self, action: str) -> str:
        action = _from_reader(self._words(action))
        return self.random.choice(
            (
                f"How do I {action}?",
                f"How can I {action}?",
                f"How do I {action}?",
                f"How do you {action}?",
                f"how to {action}",
                f"What do I have to do to {action}?",
                f"What's the way to {action}?",
                f"I want to {action}. How?",
                f"{action}",
                f"What must I do to {action}?",
                f"Can you tell me how to {action}?",
                f"steps to {action}",
            )
        )

    def _allowed(self, modal: str, action: str) -> Iterator[tuple[str, str | None, str]]:
        action = _from_reader(self._words(action))
        modal = modal.lower().replace("’", "'")
        if modal in ("can", "may"):
            yield (
                f"{self.random.choice(('Can I', 'May I', 'Is it possible to', 'Am I allowed to', 'Is it okay to'))} {action}?",
                "yes",
                "yesno",
            )
        elif modal in ("cannot", "can't", "may not", "must not", "should not", "shouldn't"):
            yield (
                f"{self.random.choice(('Can I', 'May I', 'Is it okay to', 'Am I allowed to', 'Could we'))} {action}?",
                "no",
                "yesno",
            )
        elif modal.startswith(("do not", "don't")):
            yield f"{self.random.choice(('Do I need to', 'Do I have to', 'Must I'))} {action}?", "no", "yesno"
        else:
            yield (
                f"{self.random.choice(('Do I need to', 'Do I have to', 'Must I', 'Am I required to'))} {action}?",
                "yes",
                "yesno",
            )

    def _introduced(self, intro: str) -> Iterator[tuple[str, str]]:
        """Questions to a list from the line that introduces it."""
        line = LIST_LINE.sub("", intro).strip().rstrip(":").strip()
        if match := re.match(
            r"(?:The following|These|The|Here are (?:the|some)|There are [a-z]+|Some|Several) ((?:[\w'-]+ ){0,4}[\w'-]+?) (?:are|is|can|may|must|will|should|that|which|have|to|for|in)\b(.*)",
            line,
        ):
            rest = f" {match[2].strip()}" if 0 < len(match[2].split()) < 7 and self.random.random() < 0.6 else ""
            yield (
                self.random.choice(
                    (
                        f"What are the {match[1]}{rest}?",
                        f"Which {match[1]} are there?",
                        f"What {match[1]} are there?",
                        f"List the {match[1]}{rest}",
                        f"Which {match[1]}{rest}?",
                    )
                ),
                "list",
            )
        elif match := re.match(
            rf"((?:The |A |An |Your |Our )?{SHORT}) (includes?|contains?|requires?|needs?|supports?|covers?|offers?|provides?|must have|should have)\b",
            line,
        ):
            verb = match[2].removesuffix("s") if match[2] not in ("must have", "should have") else "need"
            yield f"What does {_lower(_from_reader(match[1]))} {verb}?", "list"
        elif match := re.match(
            r"(?:You|We|Employees|Users) (?:must|should|need to|will need to|can|will) ([a-z]\S+)(.*)", line
        ):
            verb, rest = match[1], match[2].replace("the following", "").strip()
            if len(rest.split()) < 7:
                yield (
                    self.random.choice(
                        (
                            f"What must I {verb} {rest}?",
                            f"What do I need to {verb} {rest}?",
                            f"Which things should I {verb} {rest}?",
                        )
                    ).replace(" ?", "?"),
                    "list",
                )
        elif match := re.match(r"(?:In order )?[Tt]o ([a-z][^,:;()]{6,80})(?:, | you)", line):
            yield self._how(match[1]), "list"
        elif len(line.split()) > 3:
            yield self.random.choice((line, f"What {_lower(line)}?", f"What are {_lower(line)}?")), "list"

    def _heading(self, passage: Passage, spans: list[tuple[int, int]]) -> Iterator[Asked]:
        """Questions that the heading of a section stands for; its first passage answers."""
        heading = (passage.section or "").rsplit(" > ", 1)[-1].strip()
        if not heading or not passage.text.startswith(heading) or not spans or not 4 < len(heading) < 90:
            return
        text = passage.text
        start = spans[0][0]
        if start == 0:
            return
        steps = self._list_after(text, text.index(text[start:]) - 0) if LIST_LINE.match(text[start:]) else None
        numbered = NUMBERED.match(text[start : start + 6])
        whole = (start, len(text)) if numbered or len(text) - start < 500 else (start, spans[min(1, len(spans) - 1)][1])
        if steps is not None:
            whole = steps
        plain = re.sub(r"^\d+(?:\.\d+)*\.?\s+", "", heading)
        if plain.endswith("?"):
            first = text[start : start + 4].lower()
            yesno = "yes" if first.startswith("yes") else "no" if re.match(r"no\b", first) else None
            yield Asked(self._question(_from_reader(plain)), start, whole[1], yesno, "faq")
            return
        action = None
        if match := re.match(r"[Hh]ow to ([a-z].*)", plain):
            action = match[1]
        elif re.match(r"[A-Z][a-z]+ing\b", plain):
            action = self._base(plain[0].lower() + plain[1:])
        elif self.verbs[plain.split()[0].lower()] >= 5 and len(plain.split()) > 1 and not plain.isupper():
            action = plain[0].lower() + plain[1:]
        if action:
            yield Asked(self._how(action), whole[0], whole[1], None, "heading-how")
        elif len(plain.split()) <= 5 and re.search(r"[^s]s$", plain) and LIST_LINE.match(text[start:]):
            yield Asked(
                self.random.choice(
                    (f"What are the {_lower(plain)}?", f"What {_lower(plain)} are there?", f"Which {_lower(plain)}?")
                ),
                whole[0],
                whole[1],
                None,
                "list",
            )
        elif len(plain.split()) <= 6:
            form = (
                f"What is {_lower(plain)}?",
                f"What about {_lower(plain)}?",
                f"Tell me about {_lower(plain)}",
                f"What does it say about {_lower(plain)}?",
                _lower(plain),
            )
            yield Asked(self.random.choice(form), start, spans[0][1], None, "heading")

    def _tables(self, text: str) -> Iterator[Asked]:
        """Look-ups in tables: the cell of a row and a column."""
        for match in re.finditer(r"(?:^|\n\n)((?:[^\n]* \| [^\n]*\n)+[^\n]* \| [^\n]*)", text):
            lines, at = match[1].split("\n"), match.start(1)
            header = [cell.strip() for cell in lines[0].split("|")]
            place = at + len(lines[0]) + 1
            rows = []
            for line in lines[1:]:
                rows.append((line, place))
                place += len(line) + 1
            for line, place in self.random.sample(rows, min(2, len(rows))):
                cells = [cell.strip() for cell in line.split("|")]
                if len(cells) < 2 or not cells[0] or len(cells) > len(header):
                    continue
                column = self.random.randrange(1, len(cells))
                value, name, key = cells[column], header[column], cells[0]
                if not value or not name or len(value) > 200 or len(key) > 70 or line.count(value) != 1:
                    continue
                forms = (
                    f"What is the {_lower(name)} of {key}?",
                    f"What is the {_lower(name)} for {key}?",
                    f"{_lower(name)} of {key}",
                    f"Which {_lower(name)} does {key} have?",
                    f"For {key}, what is the {_lower(name)}?",
                )
                found = place + line.index(value)
                yield Asked(self.random.choice(forms), found, found + len(value), None, "table")

    def _base(self, gerund: str) -> str | None:
        """ "rotating the keys" -> "rotate the keys", where that verb is met elsewhere."""
        first, _, rest = gerund.partition(" ")
        if not first.endswith("ing") or not rest:
            return None
        stem = first[:-3]
        forms = [stem + "e", stem, stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2:-1] else stem]
        best = max(forms, key=lambda form: self.verbs[form])
        return f"{best} {rest}" if self.verbs[best] >= 3 else None

    def _words(self, text: str) -> str:
        """Some words said otherwise."""
        parts = text.split(" ")
        for number, word in enumerate(parts):
            if word in OTHER_WORDS and self.random.random() < 0.35:
                parts[number] = OTHER_WORDS[word]
        return " ".join(parts)

    def _question(self, text: str) -> str:
        return text[0].upper() + text[1:]

    def opposite(self, question: str, text: str) -> str | None:
        """The question with one word turned into its opposite, which the passage does not speak of."""
        lower = text.lower()
        for word in question.rstrip("?").split():
            other = ANTONYMS.get(word.lower())
            if other and other not in lower:
                return question.replace(word, other, 1)
        return None


def _lower(text: str) -> str:
    """First letter small, but not of names and abbreviations."""
    first = text.split(" ")[0] if text else ""
    plain = first[1:].islower() or first in ("A", "I")
    known = first in (
        "The",
        "A",
        "An",
        "Your",
        "Our",
        "All",
        "This",
        "These",
        "My",
        "We",
        "How",
        "What",
        "When",
        "Some",
        "Each",
        "If",
        "For",
    )
    return text[0].lower() + text[1:] if text and (known or (plain and len(text.split()) > 1)) else text


def _from_reader(text: str) -> str:
    """ "your card" -> "my card", as the reader would say it."""
    text = re.sub(r"\b([Yy])our\b", "my", text)
    text = re.sub(r"\byours\b", "mine", text)
    text = re.sub(r"\byourself\b", "myself", text)
    text = re.sub(r"\b[Yy]ou are\b|\b[Yy]ou're\b|\b[Yy]ou’re\b", "I am", text)
    return re.sub(r"\b[Yy]ou\b", "I", text)


def documents(folder: Path, most: int, rng: random.Random) -> Iterator[Document]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and is_readable(path.name))
    rng.shuffle(files)
    count = 0
    for path in files:
        try:
            document = read_document(path, path.stem)
        except DocumentError:
            continue
        if len(document.text) < 300:
            continue
        yield document
        count += 1
        if count >= most:
            return


def passages(document: Document, target: int) -> list[Passage]:
    """The passages of about the first `LONGEST` characters, words and signs counted as tokens."""
    tokens = [(match.start(), match.end()) for match in TOKEN.finditer(document.text)]
    return [found for found in chunk(document, tokens, target, 256) if found.start < LONGEST]


def make(folder: Path, name: str, licence: str, most: int, seed: int) -> Iterator[Row]:
    rng = random.Random(seed)
    found = list(documents(folder, most, rng))
    maker = Maker(rng, [document.text for document in found])
    cut = [(document, passages(document, rng.choice((60, 120, 160, 160, 200)))) for document in found]
    texts = [passage.text for _, group in cut for passage in group if len(passage.text) > 80]
    near = Nearest(texts)
    by_text = {passage.text: passage for _, group in cut for passage in group}
    number = 0

    def row(passage: Passage, question: str, span: tuple[int, int] | None, yesno: str | None, rule: str) -> Row:
        nonlocal number
        number += 1
        answers = [{"text": passage.text[span[0] : span[1]], "start": span[0]}] if span else []
        return {
            "src": name,
            "id": f"{name}-{number}",
            "question": question,
            "title": passage.title,
            "section": passage.section or "",
            "context": passage.text,
            "answers": answers,
            "answerable": span is not None,
            "yesno": yesno,
            "license": licence,
            "made": rule,
        }

    for _, group in cut:
        for passage in group:
            asked = list(maker.asked(passage))
            kept: list[Asked] = []
            for rule in sorted({item.rule for item in asked}):
                same = [item for item in asked if item.rule == rule]
                kept += rng.sample(same, min(3 if rule != "whole" else 1, len(same)))
            for item in kept:
                if len(item.question) > 200 or "\n" in item.question or item.end <= item.start:
                    continue
                yield row(passage, item.question, (item.start, item.end), item.yesno, item.rule)
                answer = passage.text[item.start : item.end].lower()
                others = [
                    text
                    for text in near.find(item.question, 5)
                    if text != passage.text and answer[:60] not in text.lower()
                ]
                same = [other for other in group if other is not passage and answer[:60] not in other.text.lower()]
                draw = rng.random()
                if item.rule in ("heading", "list", "label") and draw < 0.4:
                    continue
                if draw < 0.35 and others:
                    yield row(by_text[rng.choice(others[:3])], item.question, None, None, item.rule + "-near")
                elif draw < 0.6 and same:
                    asked_words = words(item.question)
                    best = max(same, key=lambda other: len(asked_words & words(other.text)))
                    yield row(best, item.question, None, None, item.rule + "-same")
                elif draw < 0.7 and (turned := maker.opposite(item.question, passage.text)):
                    yield row(passage, turned, None, None, item.rule + "-opposite")
                elif draw < 0.8:
                    rest = passage.text[: item.start].rstrip() + "\n" + passage.text[item.end :].lstrip()
                    if len(rest) > 150:
                        cut_out = Passage(
                            passage.document_id,
                            passage.title,
                            passage.source,
                            0,
                            len(rest),
                            rest.strip(),
                            (),
                            passage.section,
                        )
                        yield row(cut_out, item.question, None, None, item.rule + "-without")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("licence")
    parser.add_argument("out", type=Path)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--most", type=int, default=12000, help="rows")
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args()
    rows = list(make(settings.folder, settings.name, settings.licence, settings.files, settings.seed))
    random.Random(settings.seed).shuffle(rows)
    rows = rows[: settings.most]
    with gzip.open(settings.out, "wt", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(settings.name, len(rows), dict(Counter(row["made"] for row in rows).most_common()))


if __name__ == "__main__":
    main()
