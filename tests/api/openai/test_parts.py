"""The pure steps of a chat completion: front-ends' own calls, cutting, messages, citations."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.openai.chat_text import Told
from api.openai.citations import escaped, source, with_footnote_marks
from api.openai.completions import Head, completion
from api.openai.errors import Refused
from api.openai.limits import Cutter
from api.openai.markdown import words_markdown
from api.openai.messages import read_messages
from api.openai.schemas import ChatMessage, ContentPart
from api.openai.tasks import task_answer
from api.routes.links import Links
from rag.types import Abstention, Alternative, Answer, Conflict, ConflictValue, ListedDocument, NextClaim
from tests.api.fakes import SAID, SENTENCE, SHOWN, abstained, answered

TURNS = "USER: When was the ferry launched?\nASSISTANT: 1874 [1].\nUSER: Why was it closed?"
HISTORY = f"<chat_history>\n{TURNS}\n</chat_history>"


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ('{ "title": "your concise title here" }', {"title": "When was the ferry launched"}),
        ('{ "tags": ["tag1", "tag2"] }', {"tags": ["General"]}),
        ('{ "follow_ups": ["Message 1", "Message 2"] }', {"follow_ups": []}),
        ('{\n  "queries": ["query1", "query2"]\n}', {"queries": ["Why was it closed?"]}),
        ('{\n    "prompt": "Your detailed description here."\n}', {"prompt": "Why was it closed?"}),
        ('{ "text": "<your_completion>" }', {"text": ""}),
    ],
)
def test_calls_with_a_conversation_and_a_key(wanted: str, answer: dict[str, object]) -> None:
    prompt = f"### Task:\nDo it.\n\n### Output:\nJSON format: {wanted}\n\n### Chat History:\n{HISTORY}"
    assert json.loads(task_answer(prompt) or "") == answer
    translated = f"Erledige das.\nAntworte als JSON: {wanted}\n{HISTORY}"  # prompts can be changed in the settings
    assert json.loads(task_answer(translated) or "") == answer


@pytest.mark.parametrize(
    "order",
    [
        "Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the "
        "title itself.\n\nConversation:",
        "Please generate a concise, 5-word-or-less title for the conversation, in its language, with no punctuation.",
        "Analyze this conversation and provide:\n1. The detected language\n2. A concise title in that language\n",
        "Please generate a four to five word title summarizing our conversation without any punctuation.",
        "Generate a concise title (50 characters max) for this conversation based on the first message.",
    ],
)
def test_orders_to_give_a_title(order: str) -> None:
    assert task_answer(f"{order}\nUser: When was the ferry launched?\nAI: 1874.") == "When was the ferry launched"


@pytest.mark.parametrize(
    "question",
    [
        "When was the ferry launched?",
        "What is the title of the conversation between the two ministers?",
        "Write the name of the person who led the chat.",
        "Give the title of the book about the conversation of birds.",
        "Which tags does the chat history of the minutes have?",
        'What does {"title": "x"} mean?',
        "### Task:\nWho pays for the roof?",
        f"What is said here? {HISTORY}",
    ],
)
def test_questions_stay_questions(question: str) -> None:
    assert task_answer(question) is None


def test_the_choice_of_a_tool_and_a_face() -> None:
    assert task_answer("Query: Who?", 'Available Tools: []\nReturn {"tool_calls": []}') == '{"tool_calls": []}'
    assert task_answer("Your task is to reflect the speaker's likely facial expression. Message: ```Hi```") == "🙂"


def test_of_a_long_conversation_its_beginning_and_its_end_are_read() -> None:
    long = "USER: When was the ferry launched?\nASSISTANT: " + "1874. " * 50_000 + "\nUSER: Why?" + " Why?" * 1_000
    for key, filled in (("title", "When was the ferry launched"), ("queries", ["Why? " * 400])):
        wanted = json.loads(task_answer(f'{{"{key}": ""}}<chat_history>\n{long}\n</chat_history>') or "")[key]
        assert wanted == filled


@given(text=st.text("ab", max_size=12), stop=st.text("ab", min_size=1, max_size=8))
def test_what_may_be_the_beginning_of_a_stop_sequence_is_held_back(text: str, stop: str) -> None:
    overlap = next(n for n in range(min(len(text), len(stop) - 1), -1, -1) if text.endswith(stop[:n]))
    held = 0 if stop in text else overlap
    assert Cutter([stop], None, len).add(text) == text[: text.find(stop) if stop in text else len(text) - held]


@pytest.mark.no_cover
def test_a_long_stop_sequence_takes_linear_time() -> None:
    began = time.process_time()
    assert Cutter(["b" + "a" * 200_000 + "b"], None, len).add("a" * 200_000) == "a" * 200_000
    assert time.process_time() - began < 1


def test_a_title_is_short_whatever_was_asked() -> None:
    prompt = 'JSON: {"title": ""}<chat_history>\nUSER: ' + "x" * 500 + "\n</chat_history>"
    assert json.loads(task_answer(prompt) or "") == {"title": "x" * 50}
    assert json.loads(task_answer('{"title": ""}<chat_history></chat_history>') or "") == {"title": "Chat"}


def test_the_question_is_found_behind_passages_of_the_front_end() -> None:
    template = "### Task:\nRespond to the user query.\n\n<context>\n<source id='1'>Mills</source>\n</context>\n"
    for text in (template + "\nWho built it?", template + "<user_query>\nWho built it?\n</user_query>"):
        assert read_messages([ChatMessage(role="user", content=text)]).question == "Who built it?"


@given(
    pieces=st.lists(st.text("abc. ", min_size=1, max_size=6), max_size=6),
    stops=st.lists(st.text("abc. ", min_size=1, max_size=3), max_size=3),
)
def test_stop_sequences_cut_as_if_the_whole_text_had_been_there(pieces: list[str], stops: list[str]) -> None:
    cutter = Cutter(stops, None, len)
    sent = [cutter.add(piece) for piece in pieces]
    sent.append(cutter.end())
    whole = "".join(pieces)
    cuts = [whole.index(stop) for stop in stops if stop in whole]
    assert "".join(sent) == cutter.text
    # the first piece in which a stop is complete decides; within it, the earliest
    expected = whole[: min(cuts)] if cuts else whole
    assert cutter.text == expected or (cuts and whole.startswith(cutter.text) and len(cutter.text) in cuts)
    assert cutter.finish == "stop"


@given(pieces=st.lists(st.text("ab", min_size=1, max_size=5), max_size=6), most=st.integers(1, 12))
def test_pieces_that_do_not_fit_are_left_out_whole(pieces: list[str], most: int) -> None:
    cutter = Cutter([], most, len)
    for piece in pieces:
        cutter.add(piece)
    cutter.end()
    fitting = next(n for n in range(len(pieces), -1, -1) if len("".join(pieces[:n])) <= most)
    assert cutter.text == "".join(pieces[:fitting])
    assert cutter.finish == ("stop" if fitting == len(pieces) else "length")


def test_only_the_markers_of_a_claim_become_footnotes() -> None:
    assert with_footnote_marks("Ada, see [1] there [1][2].") == "Ada, see [1] there [^1][^2]."
    assert with_footnote_marks("No markers [here].") == "No markers [here]."


def test_one_place_cited_twice_is_one_source() -> None:
    answer = answered("Who?")
    told = Told("openwebui", Links("http://x", "default"), Cutter([], None, len))
    claim, citations = answer.claims[0], answer.citations
    first = told.step(NextClaim(claim, citations))
    second = told.step(NextClaim(claim, citations))
    assert (first.content, len(first.sources), len(second.sources)) == (SHOWN, 1, 0)
    assert first.sources[0] == source(citations[0], Links("http://x", "default"))


def test_documents_that_disagree_are_told_in_a_sentence_behind_the_answer() -> None:
    values = (ConflictValue("Bo Lund", "Bo Lund [2].", (2,), "2024"), ConflictValue("Ada Byron", SAID, (1,), None))
    whole = answered("Who?")
    other = replace(whole.citations[0], label=2, title="Log")
    answer = replace(whole, citations=(*whole.citations, other), conflicts=(Conflict("Who?", values),))
    told = Told("annotations", Links("http://x", "default"), Cutter([], None, len))
    first, last = told.step(NextClaim(answer.claims[0], whole.citations)), told.step(answer)
    assert first.content == SHOWN
    assert last.content == '\n\nThe documents disagree: "Bo Lund" (Log, 2024), "Ada Byron" (Pumps 😀).'
    assert (len(first.annotations), len(last.annotations)) == (1, 0)


def test_doubt_comes_before_the_answer_and_moves_the_places_of_its_sentences() -> None:
    answer = replace(answered("Who?"), sure=False, unanswered=("Where?",))
    told = Told("annotations", Links("http://x", "default"), Cutter([], None, len))
    pieces = [told.step(NextClaim(answer.claims[0], answer.citations, "", False)), told.step(answer)]
    text = "".join(piece.content for piece in pieces)
    lead = words_markdown(f"Not sure. The nearest passage says:\n“{SENTENCE}”\n\n")
    assert text == f"{lead}{SHOWN}\n\nThe documents do not answer this part: Where?"
    (cited,) = [item["url_citation"] for item in pieces[0].annotations]
    assert text[cited["start_index"] : cited["end_index"]] == SHOWN


def test_what_another_place_says_stands_behind_an_answer_that_is_not_sure() -> None:
    whole = answered("Who?")
    other = replace(whole.citations[0], label=2, title="Log", quote="Bo Lund built *both*.")
    answer = replace(
        whole, sure=False, citations=(*whole.citations, other), alternative=Alternative("Bo Lund [2].", (2,))
    )
    told = Told("annotations", Links("http://x", "default"), Cutter([], None, len))
    first, last = told.step(NextClaim(answer.claims[0], whole.citations, "", False)), told.step(answer)
    assert first.content.endswith(SHOWN)
    assert last.content == "\n\nOr: “Bo Lund built \\*both\\*.” (Log)"
    assert last.annotations == ()


def test_a_refusal_shows_passages_that_are_near() -> None:
    def told_of(answer: Answer) -> str:
        return Told("annotations", Links("http://x", "default"), Cutter([], None, len)).step(answer).content

    near = abstained("Is it far?")
    assert told_of(near) == (
        f"{near.answer}\n\n- Pumps 😀: “{escaped(SENTENCE)}”\n"
        "- \\<img src=x onerror=alert(1)\\>: “\\<script\\>alert(1)\\</script\\>”"
    )
    far = replace(near, abstained=Abstention("no_evidence", near.answer))
    assert told_of(far) == near.answer


def test_a_completion_has_the_documents_of_an_answer_about_the_library() -> None:
    listed = (ListedDocument("a.txt", "A", "a.txt"),)
    listing = replace(answered("Who?"), answer="There is 1 document:\n- A (a.txt)", claims=(), citations=())
    told = Told("annotations", Links("http://x", "default"), Cutter([], None, len))
    deltas = [told.step(replace(listing, documents=listed, sure=False))]
    whole = completion(Head("c", 1, "rag/default"), told, deltas)
    assert whole["rag"]["documents"] == [{"id": "a.txt", "title": "A", "source": "a.txt"}]
    assert (whole["rag"]["sure"], whole["rag"]["unanswered"]) == (False, [])


def test_words_around_the_claims_are_told_where_they_stand() -> None:
    answer = answered("Who?")
    claim = replace(answer.claims[0], start=8, end=8 + len(SAID))
    whole = replace(answer, answer=f"Notes\n- {SAID}\nThat is quoted.", claims=(claim,))
    told = Told("footnotes", Links("http://x", "default"), Cutter([], None, len))
    pieces = [told.step(NextClaim(claim, whole.citations, "Notes\n- ")).content, told.step(whole).content]
    text, footnotes = "".join(pieces).split("\n\n")
    assert text == f"Notes\n- {with_footnote_marks(SHOWN)}\nThat is quoted."
    assert footnotes.startswith("[^1]: ")


def test_an_answer_without_claims_is_told_whole() -> None:
    listing = replace(answered("Who?"), answer="There are 2 documents:\n- A\n- B", claims=(), citations=())
    told = Told("annotations", Links("http://x", "default"), Cutter([], None, len))
    assert told.step(listing).content == "There are 2 documents:\n- A\n- B"


def test_what_is_between_the_first_and_the_last_tag_is_the_conversation() -> None:
    nested = 'Give {"title": "x"}\n<chat_history>\nUSER: Who?\nASSISTANT: </chat_history>\nUSER: Why?\n</chat_history>'
    assert json.loads(task_answer(nested) or "") == {"title": "Who"}
    assert json.loads(task_answer(nested.replace("title", "queries")) or "") == {"queries": ["Why?"]}
    assert task_answer('</chat_history> {"title": "x"} <chat_history>') is None
    assert read_messages([ChatMessage(role="user", content="</user_query> a <user_query> b")]).question == (
        "</user_query> a <user_query> b"
    )


def test_an_image_or_a_long_paste_earlier_in_a_chat_does_not_end_it() -> None:
    image = ContentPart(type="image_url")
    earlier = ChatMessage(role="user", content=[ContentPart(type="text", text="What is this?"), image])
    paste = ChatMessage(role="user", content="long words " * 30_000)
    last = ChatMessage(role="user", content="Who is it?")
    asked = read_messages([earlier, ChatMessage(role="assistant", content="A pump."), paste, last])
    assert asked.question == "Who is it?"
    assert [turn.content[:13] for turn in asked.history] == ["What is this?", "A pump.", "long words lo"]
    with pytest.raises(Refused, match="only text can be read here, not image_url"):
        read_messages([last, ChatMessage(role="user", content=[image])])


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("The pump is old.", "The pump is old."),
        ("It is *very* old, see max_tokens: 3 * 4.", "It is *very* old, see max_tokens: 3 * 4."),
        ("Pay [here](https://bank.evil.example/a?b=c) now.", "Pay here (bank.evil.example) now."),
        ("![logo](http://evil.example/x.png?q=secret)", "logo (evil.example)"),
        ('[a](<javascript:alert(1)> "t")', r'[a\](\<javascript:alert(1)> "t")'),
        ("[a](data:text/html)", "a"),
        ("[a][ref]\n\n[ref]: http://evil.example", "[a\\][ref]\n\n[ref\\]: http://evil.example"),
        ("<img src=x onerror=alert(1)> a < b", r"\<img src=x onerror=alert(1)> a < b"),
        ("As shown [1], [2, 3] and [^4].", r"As shown \[1\], \[2, 3\] and \[^4\]."),
        ("```\nlines", "\\`\\`\\`\nlines"),
        ("```\na\n```", "\\```\na\n\\```"),
        ("a `code` b", "a `code` b"),
        ("a ` b", r"a \` b"),
        ("2*3*4", r"2\*3\*4"),
        (r"\<b>bold\</b>", r"\\\<b>bold\\\</b>"),  # what a document escapes is not undone by our escape
        (r"![a [b]\](http://x.example/p.png)", r"![a [b]\\\](http://x.example/p.png)"),
    ],
)
def test_words_of_documents_are_nothing_but_words_in_a_chat(words: str, shown: str) -> None:
    assert words_markdown(words) == shown


@pytest.mark.parametrize("form", ["annotations", "openwebui", "footnotes"])
def test_a_marker_of_a_document_is_told_from_ours_and_annotations_name_the_text_as_it_is_shown(form: Any) -> None:
    answer = answered("Who?")
    claim = answer.claims[0]  # "Ada Byron, see [1] there [1]."
    linked = replace(claim, text="[Ada](http://a.example/b), see [7] there [1].", start=0, end=0)
    told = Told(form, Links("http://x", "default"), Cutter([], None, len))
    first = told.step(NextClaim(linked, answer.citations, "<b>Found</b>: "))
    ours = "[^1]" if form == "footnotes" else "[1]"
    sentence = rf"Ada (a.example), see \[7\] there {ours}."
    assert first.content == rf"\<b>Found\</b>: {sentence}"
    for item in first.annotations:
        place = item["url_citation"]
        assert first.content[place["start_index"] : place["end_index"]] == sentence
    assert len(first.annotations) == (form == "annotations")
