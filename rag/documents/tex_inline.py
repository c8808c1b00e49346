"""The words of LaTeX, parsed by pylatexenc -> HTML: emphasis, links, accents, symbols, references.

In: nodes, and what references stand for. Out: markup, in which an empty line ends a paragraph; footnotes apart.
Formulas, and commands that are not known, are kept as they are written.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

Nodes = Sequence[Any]  # of pylatexenc, which has no types

SIGNS = {"~": " ", "``": "“", "''": "”", "--": "–", "---": "—", "!`": "¡", "?`": "¿", "&": " "}
ELEMENTS = {
    "textsuperscript": "sup", "textsubscript": "sub", "sout": "s", "st": "s", "xout": "s",
}  # fmt: skip
# Commands by what is shown of their arguments
LAST = frozenset("""
    textcolor colorbox fcolorbox parbox makebox framebox raisebox resizebox scalebox rotatebox foreignlanguage
    texorpdfstring caption captionof subcaption makecell thead shortstack multirow multicolumn adjustbox
""".split())  # fmt: skip
NOTHING = frozenset("""
    label hspace vspace vskip hskip pagestyle thispagestyle pagenumbering setlength addlength
    addtolength setcounter addtocounter stepcounter usepackage RequirePackage documentclass hypersetup definecolor
    bibliographystyle bibliography index glossary nocite color pagecolor rowcolor cellcolor columncolor rowcolors
    newtheorem theoremstyle newcommand renewcommand providecommand newenvironment renewenvironment
    DeclareMathOperator selectlanguage maketitle tableofcontents listoffigures listoftables newpage clearpage
    cleardoublepage pagebreak linebreak nopagebreak noindent indent centering raggedright raggedleft bigskip medskip
    smallskip hfill vfill hline toprule midrule bottomrule cline cmidrule specialrule addlinespace endhead endfirsthead
    endfoot endlastfoot bf it rm sf tt sl sc em bfseries itshape rmfamily sffamily ttfamily mdseries upshape scshape
    slshape normalfont tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge protect relax sloppy
    fussy appendix frontmatter mainmatter backmatter printbibliography makeatletter makeatother xspace leavevmode null
    strut phantom hphantom vphantom nolinebreak allowbreak newline par item left right big Big bigg Bigg limits
    displaystyle onehalfspacing doublespacing singlespacing setstretch linespread fontsize selectfont rule hrule
    addcontentsline fancyhf fancyhead fancyfoot lhead chead rhead lfoot cfoot rfoot graphicspath input include subfile
    newcolumntype newlength hyphenation geometry sisetup lstset captionsetup title author date import begingroup
    endgroup bgroup egroup
    / - @ ,
""".split())  # fmt: skip
BREAKS = {"newline": "<br>", "par": "\n\n", "linebreak": "<br>", "\\": "<br>", "and": ", ", "qquad": " ", "quad": " ",
          ",": " ", "item": " - "}  # fmt: skip
REFERENCES = frozenset("ref autoref cref Cref eqref pageref nameref vref".split())
BOXES = {"boxtimes": "☒", "CheckedBox": "☒", "XBox": "☒", "boxast": "☒", "square": "☐", "Square": "☐", "Box": "☐"}
NAMES = {**BOXES, "euro": "€", "TeX": "TeX", "LaTeX": "LaTeX", "LaTeXe": "LaTeX2e", "today": "\\today"}
# ... and of siunitx; a unit that is not here is shown by its name
UNITS = {
    "metre": "m", "meter": "m", "gram": "g", "kilogram": "kg", "second": "s", "minute": "min", "hour": "h", "day": "d",
    "litre": "l", "liter": "L", "ampere": "A", "kelvin": "K", "celsius": "°C", "degreeCelsius": "°C", "degree": "°",
    "percent": "%", "hertz": "Hz", "newton": "N", "pascal": "Pa", "bar": "bar", "joule": "J", "watt": "W", "volt": "V",
    "ohm": "Ω", "mole": "mol", "candela": "cd", "tonne": "t", "hectare": "ha", "byte": "B", "bit": "bit",
    "decibel": "dB",
    "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "milli": "m", "micro": "µ", "nano": "n", "centi": "c",
    "deci": "d", "hecto": "h", "per": "/", "squared": "^2", "cubed": "^3", "of": "", "square": "", "cubic": "",
    "celsiusdegree": "°C", "euro": "€", "electronvolt": "eV", "kWh": "kWh", "km": "km", "mm": "mm", "cm": "cm",
}  # fmt: skip

POWERS_BEFORE = {"square": "^2", "cubic": "^3"}  # they stand before their unit
PREFIXES = frozenset("kilo mega giga tera milli micro nano centi deci hecto square cubic per".split())


class Words:
    """Makes markup of nodes."""

    def __init__(self, references: Mapping[str, str]) -> None:
        """`references`: what stands for a label or the key of a source."""
        self.footnotes: list[str] = []
        self.included: list[str] = []
        self._references = references
        self._commands: list[tuple[frozenset[str], Callable[[Any], str]]] = [
            (frozenset(ELEMENTS), self._element),
            (REFERENCES, self._reference),
            (frozenset({"href"}), self._link),
            (frozenset({"nicefrac", "sfrac"}), self._fraction),
            (frozenset({"EUR"}), lambda node: f"{self.argument(node, 0)} €"),
            (frozenset({"includegraphics"}), lambda node: "<img src='#'>"),
            (frozenset({"url", "nolinkurl", "path"}), self._address),
            (frozenset({"footnote", "footnotetext", "thanks"}), self._footnote),
            (frozenset({"SI", "qty", "si", "unit", "num", "SIrange", "qtyrange"}), self._quantity),
            (frozenset({"input", "include", "subfile"}), self._include),
            (frozenset({"verb", "lstinline"}), self._verbatim),
        ]

    def of(self, nodes: Nodes) -> str:
        """The markup of the nodes."""
        return "".join(self.one(node, following) for node, following in pairwise([*nodes, None]) if node is not None)

    def one(self, node: Any, following: Any) -> str:
        """The markup of a node; of a command that is not known, only what stands in braces behind it."""
        unknown = type(node).__name__ == "LatexMacroNode" and not arguments(node) and not self._is_known(node.macroname)
        return "" if unknown and type(following).__name__ == "LatexGroupNode" else self._of(node)

    def argument(self, node: Any, place: int) -> str:
        """The markup of an argument, empty if it is not there."""
        found = arguments(node)
        return self.of(found[place]) if -len(found) <= place < len(found) else ""

    def _is_known(self, name: str) -> bool:
        return name in BREAKS or name in NOTHING or name in NAMES or name in _symbols()

    def _of(self, node: Any) -> str:
        match type(node).__name__:
            case "LatexCharsNode":
                return html.escape(node.chars)
            case "LatexSpecialsNode":
                return SIGNS.get(node.specials_chars) or html.escape(node.specials_chars)
            case "LatexGroupNode":
                return self.of(node.nodelist)
            case "LatexMacroNode":
                return self._command(node)
            case "LatexEnvironmentNode":
                return html.escape(node.latex_verbatim()) if is_formula(node) else self.of(node.nodelist)
            case "LatexMathNode":
                text = node.latex_verbatim()
                return BOXES.get(text.strip("$\\() "), "") or html.escape(text)
        return ""

    def _command(self, node: Any) -> str:
        name, space = node.macroname, node.macro_post_space
        if "cite" in name.lower():
            return self._citation(node)
        shown = next((show for names, show in self._commands if name in names), None)
        if shown is not None:
            return shown(node)
        if name in BREAKS or name in NOTHING:
            return BREAKS.get(name, "")
        if name in NAMES:
            return f"{NAMES[name]}{space}"
        if name in LAST:
            return self.argument(node, -1)
        if name in _symbols():
            return html.escape(_plain(node)) + (space if name.isalpha() else "")
        inside = [self.of(argument) for argument in arguments(node)]
        return " ".join(filter(None, inside)) if inside else html.escape(node.latex_verbatim())

    def _element(self, node: Any) -> str:
        tag = ELEMENTS[node.macroname]
        return f"<{tag}>{self.argument(node, -1)}</{tag}>"

    def _reference(self, node: Any) -> str:
        keys = argument_source(node, -1).split(",")
        return html.escape(", ".join(self._references.get(key.strip(), key.strip()) for key in keys))

    def _citation(self, node: Any) -> str:
        keys = [key.strip() for key in argument_source(node, -1).split(",")]
        notes = [note for place in range(1, len(arguments(node)) - 1) if (note := self.argument(node, place))]
        named = [html.escape(self._references.get(key, key)) for key in keys]
        return f"[{', '.join([*named, *notes])}]"

    def _link(self, node: Any) -> str:
        address = html.escape(argument_source(node, 0).replace("\\%", "%").replace("\\#", "#").replace("\\_", "_"))
        return f'<a href="{address}">{self.argument(node, 1)}</a>'

    def _fraction(self, node: Any) -> str:
        return f"{self.argument(node, -2)}/{self.argument(node, -1)}"

    def _address(self, node: Any) -> str:
        return html.escape(argument_source(node, -1).replace("\\", ""))

    def _footnote(self, node: Any) -> str:
        self.footnotes.append(self.argument(node, -1))
        return ""

    def _quantity(self, node: Any) -> str:
        inside = [self._unit(argument) for argument in arguments(node)[1:] if argument]
        return " ".join(filter(None, inside))

    def _unit(self, nodes: Nodes) -> str:
        parts: list[str] = []
        power = ""
        for node in nodes:
            if type(node).__name__ == "LatexGroupNode":
                parts.append(self._unit(node.nodelist))
            elif type(node).__name__ == "LatexMacroNode":
                parts.append(UNITS.get(node.macroname, node.macroname) + ("" if node.macroname in PREFIXES else power))
                power = POWERS_BEFORE.get(node.macroname, "" if node.macroname not in PREFIXES else power)
            else:
                parts.append(self._of(node))
        return "".join(parts)

    def _include(self, node: Any) -> str:
        self.included.append(argument_source(node, -1))
        return ""

    def _verbatim(self, node: Any) -> str:
        return html.escape(node.nodeargd.verbatim_text or "")


def is_formula(node: Any) -> bool:
    """Tells if an environment holds a formula."""
    spec = node.spec if hasattr(node, "spec") else None
    return bool(getattr(spec, "is_math_mode", False)) or node.environmentname.rstrip("*") in (
        "equation",
        "align",
        "gather",
        "multline",
        "eqnarray",
        "alignat",
        "flalign",
        "math",
        "displaymath",
        "dmath",
        "subequations",
    )


def arguments(node: Any) -> list[Nodes]:
    """The arguments of a command or environment, those that are not there as empty."""
    told = node.nodeargd
    found = told.argnlist if told is not None and told.argnlist is not None else []
    return [[] if argument is None else [argument] for argument in found]


def argument_source(node: Any, place: int) -> str:
    """An argument as it is written, without its braces."""
    found = arguments(node)
    if not -len(found) <= place < len(found):
        return ""
    text = "".join(part.latex_verbatim() for part in found[place])
    return text[1:-1] if text[:1] in "{[" and text else text


def _plain(node: Any) -> str:
    return str(_converter().nodelist_to_text([node]))


@cache
def _converter() -> Any:
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(math_mode="verbatim", strict_latex_spaces=True)


@cache
def _symbols() -> frozenset[str]:
    """The commands that stand for a sign or an accent."""
    from pylatexenc.latex2text import get_default_latex_context_db

    known = get_default_latex_context_db()
    names = {spec.macroname for spec in known.iter_macro_specs(["latex-base", "advanced-symbols"])}
    return frozenset(names | set("'`\"^~=.cHkbdruvt"))
