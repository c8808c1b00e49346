"""Org, AsciiDoc and LaTeX: headings, lists, tables, links, what is kept as written, and what is left out."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylatexenc.latexwalker import LatexWalker, get_default_latex_context_db

from rag.documents.read import read_document
from rag.documents.rst import _titles as titles_of
from rag.documents.tex_source import prepared
from rag.documents.tex_walker import nodes_of
from rag.types import Document


def read(folder: Path, text: str, name: str) -> Document:
    (folder / name).write_text(text, encoding="utf-8")
    return read_document(folder / name, name)


ORG = r"""#+TITLE: Hives of the Abbey
#+AUTHOR: Ida Brandt
#+DATE: 2023-05-14
#+OPTIONS: toc:nil
# only for the keeper

There are *seven* hives and =max_load= of 10^{3} g each, see [[https://bees.example/f][here]]
or [[https://bees.example/list]]. \\
Old wax melts at 62 \deg{}C, $c_2 = a^2$ [fn:1], and +five+ frames.

* TODO [#A] Spring :inspect:wax:
DEADLINE: <2023-06-01 Thu>
:PROPERTIES:
:ID: 4f-77
:PLACE: orchard
:END:
- queens
  of last year
- [X] feed
  4. syrup
  5. candy
- drone :: a male

  It has no sting.
** Yields
#+CAPTION: Honey by hive
| Hive  | Kilos |
|-------+-------|
| Linden | 12.5 |
| Clover | a\vert{}b |
| <l>   |       |
#+BEGIN_SRC sh
weigh --all *
,* no heading
#+END_SRC
#+BEGIN_QUOTE
They hum in May.
#+END_QUOTE
: scale  31
#+BEGIN_COMMENT
nobody reads this
#+END_COMMENT
#+INCLUDE: "swarms.org"
[fn:1] Measured twice.
"""


def test_org(tmp_path: Path) -> None:
    document = read(tmp_path, ORG, "a.org")
    assert document.text.split("\n\n") == [
        "Hives of the Abbey",
        "Author: Ida Brandt",
        "Date: 2023-05-14",
        "There are seven hives and max_load of 10^3 g each, see here (https://bees.example/f) or "
        "https://bees.example/list.\nOld wax melts at 62 °C, $c_2 = a^2$ [1], and frames.",
        "TODO Spring",
        "Tags: inspect, wax",
        "DEADLINE: 2023-06-01 Thu",
        "Place: orchard",
        "- queens of last year\n- ☒ feed\n4. syrup\n5. candy\n- drone: a male\nIt has no sting.",
        "Yields",
        "Honey by hive",
        "Hive | Kilos\nLinden | 12.5\nClover | a|b",
        "weigh --all *\n* no heading",
        "They hum in May.",
        "scale 31",
        "[1] Measured twice.",
    ]
    assert [section.path for section in document.sections] == [
        "Hives of the Abbey",
        "Hives of the Abbey > TODO Spring",
        "Hives of the Abbey > TODO Spring > Yields",
    ]
    assert document.title == "Hives of the Abbey"
    assert document.metadata == {"media_type": "text/x-org", "author": "Ida Brandt", "created": "2023-05-14"}
    assert document.notes == (
        'the file "swarms.org" that it includes was not read; index it too',
        "4 characters of struck text",
    )


def test_macros_terms_and_links_of_org(tmp_path: Path) -> None:
    source = (
        "#+MACRO: load 12.5 $1 of $2\nIt holds {{{load(kg,wax)}}}; press {{{kbd(C-c)}}}, "
        "see [[*Spring]] {{{left}}}.\n\n"
        "- drone ::\n\n  A male\n  bee.\n- queen ::\n* Spring\n"
    )
    assert read(tmp_path, source, "a.org").text == (
        "It holds 12.5 kg of wax; press C-c, see Spring {{{left}}}.\n\n- drone: A male bee.\n- queen:\n\nSpring"
    )


def test_org_without_a_title(tmp_path: Path) -> None:
    document = read(tmp_path, "* One\n/Two/ words.\n1859. was a year\n\n1. first\n3. third\n", "a.org")
    assert document.text == "One\n\nTwo words.\n\n1859. was a year\n1. first\n3. third"
    assert [section.path for section in document.sections] == ["One"]


ADOC = r"""= Hives of the Abbey
Ida Brandt <ida@bees.example>
v2.1, 2023-05-14
:load: 12.5 kg
:toc: left

There are *seven* hives of {load} and {missing}, see https://bees.example/f[here],
`max_load` and <<yields>>. +
Water is H~2~O, 10^6^ cells, stem:[c_2 = a^2].

// only for the keeper
////
nor this
////
== Spring

.Work
* queens
of last year
** old ones
* [x] feed
+
with syrup

. first
.. a part
. second

Drone:: A male
Queen::
  The mother

WARNING: They sting.

[NOTE]
====
In a box.
====

[[yields]]
=== Yields by Hive

[source,sh]
----
weigh *all*
----

[%header,cols="1,2"]
|===
|Hive |Kilos

|Linden
|12.5
2+|closed
.2+|Clover |7
|8
|===

[quote,Max Hahn]
____
They hum [line-through]#never# in May.
____

image::hive.png[A hive of straw, 200]
include::swarms.adoc[]

,===
Hive,Kilos
Heather,"3,5"
,===
"""


def test_asciidoc(tmp_path: Path) -> None:
    document = read(tmp_path, ADOC, "a.adoc")
    assert document.text.split("\n\n") == [
        "Hives of the Abbey",
        "Ida Brandt <ida@bees.example>",
        "v2.1, 2023-05-14",
        "There are seven hives of 12.5 kg and {missing}, see here (https://bees.example/f), max_load and Yields by "
        "Hive.\nWater is H2O, 10^6 cells, c_2 = a^2.",
        "Spring",
        "Work",
        "- queens of last year\n- old ones\n- ☒ feed\nwith syrup\n1. first\na. a part\n2. second\n- Drone: A male\n"
        "- Queen: The mother",
        "WARNING: They sting.",
        "NOTE: In a box.",
        "Yields by Hive",
        "weigh *all*",
        "Hive | Kilos\nLinden | 12.5\nclosed\nClover | 7\nClover | 8",
        "Max Hahn:",
        "They hum in May.",
        "A hive of straw",
        "Hive | Kilos\nHeather | 3,5",
    ]
    assert [section.path for section in document.sections] == [
        "Hives of the Abbey",
        "Hives of the Abbey > Spring",
        "Hives of the Abbey > Spring > Yields by Hive",
    ]
    assert document.title == "Hives of the Abbey"
    assert document.metadata == {
        "media_type": "text/asciidoc",
        "author": "Ida Brandt <ida@bees.example>",
        "created": "2023-05-14",
    }
    assert document.notes == (
        "the file swarms.adoc that it includes was not read; index it too",
        "5 characters of struck text",
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Old Title\n---------\n\nwords", "Old Title\n\nwords"),
        ("A paragraph\n- 5 goes on", "A paragraph - 5 goes on"),
        ("a_b_c and 2*3*4, std::vector", "a_b_c and 2*3*4, std::vector"),
        ("|===\n2*|x |y\n|===", "x | x | y"),
        ("[cols=2*]\n|===\n|a\n|b\n\n|c|d\n|===", "a | b\nc | d"),
        ("footnote:[By hand.] after", "(By hand.) after"),
        ("ifdef::web[]\nseen\nendif::[]", "seen"),
        ("[verse]\n____\none\n two\n____", "one\ntwo"),
        ("xref:far.adoc[that page] mailto:ida@bees.example[Ida]", "that page Ida (ida@bees.example)"),
        ("----\nnever closed", "never closed"),
    ],
)
def test_what_asciidoc_says(tmp_path: Path, source: str, text: str) -> None:
    assert read(tmp_path, source, "a.asciidoc").text == text


TEX = r"""\documentclass{article}
\usepackage{amsmath} % for the formulas
\newcommand{\load}{12.5\,kg}
\newcommand{\hive}[2][old]{the #1 hive of #2}
\def\wood{linden}
\newtheorem{satz}{Satz}
\title{Hives of the \emph{Abbey}}
\author{Ida Brandt\thanks{Keeper} \and Max Hahn}
\date{14 May 2023}
\begin{document}
\maketitle
\begin{abstract}
They hum.
\end{abstract}
\section{Spring}\label{sec:spring}
Each holds \load{} of \wood, \hive{straw} and \hive[new]{oak}. $c_2 = a^2$, 10\textsuperscript{6} cells,
``H\"oher'' --- 50\,\% \& \textbf{more {\it so}}, \sout{five} \unheard{kept} \name.\footnote{By hand.}

See \ref{sec:spring}, \cite[p.~4]{brandt}, \href{https://bees.example/a%20b}{here}.
\SI{3.5}{\kilo\gram\per\square\metre}.
\begin{equation}
 E = m c^2
\end{equation}
\subsection*{Work}
\begin{itemize}
\item queens

 of last year
 \begin{enumerate}\item syrup \item candy\end{enumerate}
\end{itemize}
\begin{description}\item[Drone] a male\end{description}
\begin{table}
\caption{Honey}
\begin{tabular}{lrr}
\toprule
Hive & Kilos & \\ \cmidrule(lr){2-3}
 & raw & clean \\
\midrule
\multirow{2}{*}{Linden} & 7 & 6 \\
 & 9 & 8 \\
\multicolumn{2}{l}{both} & 14 \\
\bottomrule
\end{tabular}
\end{table}
\begin{verbatim}
weigh \all % really
\end{verbatim}
\begin{satz}[Swarm] One queen. \end{satz}
\input{swarms}
\begin{tikzpicture}\node{x};\end{tikzpicture}
\begin{thebibliography}{9}
\bibitem{brandt} Brandt, I. Wax. 1859.
\end{thebibliography}
\end{document}
never printed
"""


def test_latex(tmp_path: Path) -> None:
    document = read(tmp_path, TEX, "a.tex")
    assert document.text.split("\n\n") == [
        "Hives of the Abbey",
        "Ida Brandt, Max Hahn",
        "Keeper",
        "14 May 2023",
        "Abstract: They hum.",
        "Spring",
        "Each holds 12.5 kg of linden, the old hive of straw and the new hive of oak. $c_2 = a^2$, 10^6 cells, “Höher” "
        "— 50 % & more so, kept \\name.",
        "By hand.",
        "See Spring, [1, p. 4], here (https://bees.example/a%20b). 3.5 kg/m^2. \\begin{equation} E = m c^2 "
        "\\end{equation}",
        "Work",
        "- queens\nof last year\n1. syrup\n2. candy",
        "- Drone: a male",
        "Honey",
        "Hive | Kilos raw | clean\nLinden | 7 | 6\nLinden | 9 | 8\nboth | | 14",
        "weigh \\all % really",
        "Satz (Swarm): One queen.",
        "- [1] Brandt, I. Wax. 1859.",
    ]
    assert [section.path for section in document.sections] == [
        "Hives of the Abbey",
        "Hives of the Abbey > Spring",
        "Hives of the Abbey > Spring > Work",
    ]
    assert document.title == "Hives of the Abbey"
    assert document.metadata == {
        "media_type": "text/x-tex",
        "author": "Ida Brandt, Max Hahn",
        "created": "2023-05-14",
    }
    assert document.notes == (
        "the file swarms that it includes was not read; index it too",
        "1 drawings (tikz and the like) were not read; their text is not in the index",
        "4 characters of struck text",
    )


def test_references_of_latex(tmp_path: Path) -> None:
    source = (
        r"\section{Oak wheels}\label{sec:oak} Words. \begin{equation}\label{eq:a} x \end{equation} "
        r"See \ref{sec:oak} and \ref{eq:a}."
    )
    assert read(tmp_path, source, "a.tex").text.endswith("See Oak wheels and eq:a.")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"a part \emph{without} a head", "a part without a head"),
        (r"50\% and {open", "50% and open"),
        ("one % gone\n  two", "one two"),
        (r"\newcommand{\a}{\b}\newcommand{\b}{deep}\a{} end", "deep end"),
        (r"\newcommand{\mine}{\mine\mine}before \mine after", r"before \mine after"),  # without an end
        (r"\begin{longtable}{ll}A & B\\ \endfirsthead A & B\\ \endhead 1 & 2\\ \end{longtable}", "A | B\n1 | 2"),
        (r"\begin{quote}Said.\end{quote}\begin{unheard}Of.\end{unheard}", "Said.\n\nOf."),
        (r"\verb|a_b| and $\$5$", r"a_b and $\$5$"),
        (r"\newenvironment{tip}[1]{\textbf{Tip #1:} }{ Done.}\begin{tip}{2}Oil it.\end{tip}", "Tip 2: Oil it. Done."),
        (r"\newcommand{\loud}{\bf}Now \loud turn.", "Now turn."),
        (r"\begingroup\small It turns.\endgroup", "It turns."),
        (r"\renewenvironment{deep}{\begin{deep}}{\end{deep}}\begin{deep}Dark.\end{deep}", "Dark."),  # without an end
        (r"{\begin{itemize}\item One}\end{itemize} Two.", "- One\n\nTwo."),
    ],
)
def test_what_latex_says(tmp_path: Path, source: str, text: str) -> None:
    assert read(tmp_path, source, "a.tex").text == text


@pytest.mark.parametrize(
    ("name", "piece"),
    [("a.org", "[[a *b /c "), ("a.adoc", "*a _b `c <<d "), ("a.tex", r"{\bf a $b$} \c & "), ("b.adoc", "----\n"),
     ("b.org", "#+begin_src\n"), ("b.tex", r"\href{a "), ("c.tex", r"\cite[ "),
     ("e.tex", r"\begin{a}\begin{b} c \end{a} "), ("f.tex", r"\href{\begin{x} a}{\end{x}} ")],
)  # fmt: skip
@pytest.mark.no_cover
def test_marks_without_an_end_cost_little(tmp_path: Path, name: str, piece: str) -> None:
    begun = time.process_time()
    read(tmp_path, piece * 3000 + "end", name)
    assert time.process_time() - begun < 10


@pytest.mark.no_cover
def test_many_environments_of_its_own_cost_little(tmp_path: Path) -> None:
    names = [f"thm{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    defined = [rf"\newenvironment{{{name}}}{{\begin{{{name}x}} \bf}}{{\end{{{name}x}}}}" for name in names]
    begun = time.process_time()
    text = read(tmp_path, "\n".join([*defined, r"\begin{thmc}It turns.\end{thmc} It stands."]), "a.tex").text
    assert text == "It turns.\n\nIt stands."
    assert time.process_time() - begun < 10


PIECES = st.sampled_from(
    ["wheel ", "7.5", "\n", "\n\n", " \n \n", "\\emph{a b}", "{", "}", "[", "]", "$x+y$", "--", "``", "''", "~", "&",
     "*", "\\frac12 ", "\\section*{A b}", "\\textbf word ", "é水", "_", "^", "%", "@=/", "\\item", "\\begin{itemize}",
     "\\end{itemize}", "\\\\"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=20).map("".join))
def test_words_taken_whole_are_those_that_are_taken_one_by_one(text: str) -> None:
    context = get_default_latex_context_db()
    whole = nodes_of(text, context)
    by_character = LatexWalker(text, latex_context=context, tolerant_parsing=True).get_latex_nodes()[0]
    states = re.compile("parsing_state=<.*?>")
    assert states.sub("", repr(whole)) == states.sub("", repr(by_character))


def test_long_latex_takes_time_in_proportion(tmp_path: Path) -> None:
    line = "The wheel turns in the race below the weir and grinds. "
    begin = time.process_time()
    assert len(read(tmp_path, line * 20_000, "a.tex").text) == 20_000 * len(line) - 1
    assert time.process_time() - begin < 10


def test_commands_are_carried_out_in_time_in_proportion() -> None:
    """4.4 s if all that follows a command is copied for each, 0.4 s if that is its paragraph."""
    paragraph = "We saw \\mill{Ann} at home. " + "It turns by day. " * 12
    begin = time.process_time()
    text = prepared("\\newcommand{\\mill}[1]{the mill of #1}\n" + f"{paragraph}\n\n" * 15_000).text
    assert time.process_time() - begin < 2
    assert text.count("We saw the mill of Ann at home.") == 15_000


def test_braces_that_are_never_closed_cost_no_letter(tmp_path: Path) -> None:
    source = "\\newcommand{\\mill}[1]{the mill of #1}\n\\mill{Ann\n\nIt turns.\n\n\\mill{Bob} stands."
    assert read(tmp_path, source, "a.tex").text == "the mill of Ann\n\nIt turns.\n\nthe mill of Bob stands."
    assert read(tmp_path, "It turns.\n\n\\newcommand{\\mill}{a mill. \\mill", "a.tex").text == "It turns."


def test_environments_that_are_never_closed_are_source_like_any_other() -> None:
    closed = r"a \begin{verbatim}x\end{verbatim} b \begin{verbatim}y \begin{minted}{c}z\end{minted} "
    found = prepared(closed + r"\begin{comment}c\end{comment}d")
    assert found.kept == ["x", "z"]
    assert found.text.split()[:5] == ["a", r"\keptaswritten{0}", "b", r"\begin{verbatim}y", r"\keptaswritten{1}"]
    begun = time.process_time()
    assert prepared(r"\begin{verbatim}" * 20_000).kept == []
    assert time.process_time() - begun < 10


def test_titles_of_labelled_places_of_rst() -> None:
    labelled = ".. _a b:\n.. _c:\n\n====\nOne\n====\n\ntext\n\n.. _d:\n\nTwo\n---\n\n"
    source = f"{labelled}.. _e:\n\nno title\n\n.. _f:\n\nThree\n===="
    assert titles_of(source) == {"a b": "One", "c": "One", "d": "Two", "f": "Three"}


def test_keywords_of_org_that_programs_do_not_read_are_fields(tmp_path: Path) -> None:
    document = read(
        tmp_path, "#+TITLE: Mill\n#+STATUS: closed\n#+OPTIONS: toc:nil\n#+FILETAGS: :wheel:weir:\nIt turns.", "a.org"
    )
    assert document.text == "Mill\n\nStatus: closed\n\nFiletags: wheel, weir\n\nIt turns."
    assert (document.metadata["status"], document.metadata["filetags"]) == ("closed", "wheel, weir")
    assert "options" not in document.metadata


def test_attributes_of_asciidoc_that_the_text_does_not_use_are_fields(tmp_path: Path) -> None:
    head = "= Mill\n:status: closed\n:toc: left\n:url-plan: https://mill.example/plan\n:weir: the weir\n"
    document = read(tmp_path, f"{head}\nSee {{url-plan}}[here] at {{weir}}.\n\n:late: no field\n", "a.adoc")
    assert document.text == "Mill\n\nstatus: closed\n\nSee here (https://mill.example/plan) at the weir."
    assert document.metadata["status"] == "closed"
    assert not {"toc", "weir", "late"} & document.metadata.keys()
    assert [link.url for link in document.links] == ["https://mill.example/plan"]


def test_forms_of_numbers_in_asciidoc(tmp_path: Path) -> None:
    text = ". one\n.. inner\n... inmost\n. two\n\n[loweralpha]\n. alpha\n. beta\n\n[upperroman,start=4]\n. four\n"
    assert read(tmp_path, text, "a.adoc").text == (
        "1. one\na. inner\ni. inmost\n2. two\n\na. alpha\nb. beta\n\nIV. four"
    )


def test_forms_of_numbers_and_fractions_in_latex(tmp_path: Path) -> None:
    text = (
        r"\begin{enumerate}\item one\begin{enumerate}\item in\begin{enumerate}\item deep\end{enumerate}"
        r"\end{enumerate}\item two\end{enumerate}"
        "\n\nApart.\n\n"
        r"\begin{enumerate}[label=(\Roman*), start=3]\item three\end{enumerate}"
        "\n\n"
        r"Add \nicefrac{3}{4} of \euro{}5. \iffalse never \ifx a\b c\fi said \fi Done $\boxtimes$."
    )
    assert read(tmp_path, text, "a.tex").text == (
        "1. one\na. in\ni. deep\n2. two\n\nApart.\n\nIII. three\n\nAdd 3/4 of €5. Done ☒."
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.org", "It turns.\n\n[[file:wheel.png]]\n"),
        ("a.adoc", "It turns.\n\nimage::wheel.png[]\n"),
        ("a.tex", "It turns. \\includegraphics{wheel.png}\n"),
    ],
)
def test_images_without_a_description_are_counted(tmp_path: Path, name: str, text: str) -> None:
    document = read(tmp_path, text, name)
    assert (document.text, document.notes) == ("It turns.", ("1 image without a description",))
