"""Outlines of documents whose vectors are made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rag.answering.outline import outline, summary
from rag.retrieval.question import parse_question
from rag.types import (
    BlockSpan,
    Document,
    DocumentInfo,
    Embedding,
    Passage,
    Section,
    Sentence,
    StoredDocument,
    StoredPassage,
)

EAST, NORTH = (1.0, 0.0), (0.0, 1.0)


def stored(parts: dict[str, list[tuple[str, tuple[float, float]]]], path: str = "") -> StoredDocument:
    """A document of headings, each with its sentences and their vectors."""
    text, sections, passages = "", [], []
    for row, (heading, sentences) in enumerate(parts.items()):
        sections += [Section(len(text), path + heading)] if heading else []
        start = len(text)
        text += f"{heading}\n\n" if heading else ""
        first, places = len(text), []
        for sentence, _ in sentences:
            places.append(Sentence(len(text), len(text) + len(sentence)))
            text += f"{sentence} "
        end = len(text) - 1
        blocks = (BlockSpan(first, end, "prose"),)
        vectors = np.array([vector for _, vector in sentences], np.float32)
        passage = Passage("d", "Notes", "d", start, end, text[start:end], tuple(places), heading, (), blocks)
        passages.append(StoredPassage(row, passage, Embedding(vectors[0], vectors)))
        text += "\n"
    return StoredDocument(Document("d", "Notes", text, "d", "", sections=tuple(sections)), passages)


def said(document: StoredDocument, most: int = 12) -> tuple[list[str], int]:
    parts, left_out = outline(document, most)
    for part in parts:
        (place,) = part.places
        assert document.document.text[place.start : place.end] == part.text
    return [f"{part.before}{part.text}" for part in parts], left_out


def test_the_sentence_nearest_to_the_mean_stands_for_its_part() -> None:
    oats = [
        ("Oats are sown by hand in the first week of April.", EAST),
        ("Oats are cut by a hired reaper late in August.", (0.8, 0.6)),
        ("A heron stood on one leg beside the pond.", NORTH),
    ]
    assert said(stored({"Oats.": oats})) == (
        ["Notes\n- Oats: Oats are sown by hand in the first week of April.", "\n- " + oats[1][0], "\n- " + oats[2][0]],
        0,
    )  # three sentences are a short text: all stand
    # The mean points to (0.73, 0.68), whose cosine with (0.8, 0.6) is 0.99; "This" leans on the sentence before.
    more = [("This was told by the owner of the farm.", (0.8, 0.6)), *oats, ("It is dry.", (0.8, 0.6))]
    rye, peas = ("Rye was sown on the hill behind the barn.", EAST), ("Peas were sown along the southern wall.", EAST)
    parts = {"Oats.": more, "Rye": [rye], "Peas": [peas]}
    lines, _ = said(stored(parts))
    assert lines[0] == "Notes\n- Oats: Oats are cut by a hired reaper late in August."


def test_the_first_whole_sentence_under_a_heading_is_preferred() -> None:
    rye = [
        ("The rye was sown on the hill behind the barn.", (0.9, 0.436)),  # cosine to the mean 0.92
        ("Its straw was kept for the roofs of two barns.", EAST),
        ("Further work on the field was done as follows:", EAST),  # announces what is not shown
        ("The harvest of the year before had been better.", (0.8, 0.6)),
    ]
    others = {name: [(f"{name} were sown along the southern wall.", NORTH)] for name in ("Peas", "Beans", "Leeks")}
    lines, _ = said(stored({"Rye": rye, **others}))
    assert lines[0] == "Notes\n- Rye: " + rye[0][0]


def test_the_author_s_own_summary_counts_and_other_fields_do_not() -> None:
    head = [
        ("keywords: leave, parents, forms, days off", EAST),
        ("description: How leave is asked for, and when.", NORTH),
    ]
    body = {name: [(f"{name} is asked for on the green form.", EAST)] for name in ("Leave", "Pay", "Travel")}
    document = stored({"": head, **body})
    fields = {"keywords": "leave, parents, forms, days off", "description": "How leave is asked for, and when."}
    described = replace(document.document, metadata=fields)
    lines, _ = said(StoredDocument(described, document.passages))
    assert lines[0] == "Notes\n- How leave is asked for, and when."


def test_of_a_few_documents_the_one_that_speaks_of_the_topic_is_meant() -> None:
    meeting = ["The annual meeting elected nine directors.", "The annual meeting confirmed the auditor."]
    sales = ["Sales of tea rose by a tenth.", "The annual meeting will take place in May."] + ["Tea was dear."] * 6
    documents = {}
    for name, sentences in (("acme-letter", meeting), ("acme-results", sales)):
        one = stored({f"Part {n}": [(sentence, EAST)] for n, sentence in enumerate(sentences)})
        documents[name] = one._replace(document=replace(one.document, id=name, title=name))
    infos = [DocumentInfo(name, name, name, "", 1, 1, None) for name in documents]
    east = np.array(EAST, np.float32)
    form = summary(
        parse_question("What were the key points of Acme's annual meeting?"), east, infos, documents.__getitem__
    )
    assert form is not None
    assert [one.id for one in form.documents] == ["acme-letter"]
    assert form.parts
    unclear = summary(parse_question("What were the key points of Acme's harvest?"), east, infos, documents.__getitem__)
    assert unclear is not None
    assert (unclear.reason, len(unclear.documents)) == ("unclear", 2)


def test_of_too_many_parts_the_nearest_to_the_whole_stand() -> None:
    parts = {
        f"Week {n}": [(f"In week {n} the nets were mended and dried.", EAST if n % 2 else NORTH)] for n in range(7)
    }
    lines, left_out = said(stored(parts), most=4)
    assert [line.partition(":")[0].strip() for line in lines] == ["Notes\n- Week 0", "- Week 2", "- Week 4", "- Week 6"]
    assert left_out == 3  # four of seven are NORTH


def test_upper_headings_are_taken_if_there_are_many_below() -> None:
    document = stored({f"Day {n}": [(f"On day {n} the nets were mended and dried.", EAST)] for n in range(6)})
    upper = tuple(Section(section.start, f"Month {n}") for n, section in enumerate(document.document.sections[::3], 1))
    below = tuple(Section(section.start + 1, f"Month > {section.path}") for section in document.document.sections)
    whole = Document("d", "Notes", document.document.text, "d", "", sections=tuple(sorted(upper + below)))
    lines, left_out = said(StoredDocument(whole, document.passages), most=4)
    headings = [line.partition(":")[0] for line in lines if ":" in line]
    assert (headings, left_out) == (["Notes\n- Month 1", "\n- Month 2"], 0)
