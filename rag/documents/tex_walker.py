"""LaTeX -> the nodes of pylatexenc, whose parser takes words whole where nothing but words can stand.

In: the text, and what is known of its commands and environments. Out: nodes. The library reads text a character at a
time, looks for signs at each, and copies what it has gathered for each, so that its time grows with the square of a
stretch of text without commands.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

# Letters, digits and marks that are no signs of LaTeX and open or close nothing, with the spaces between them; an empty
# line is a sign
WORDS = re.compile(r"(?:[ \t]*+(?:\n[ \t]*+)?(?:[^\W_]|[.,;:/+=@])++)+")


def nodes_of(text: str, context: Any) -> Any:
    """The nodes of a text; `context` is the library's table of commands and environments."""
    return _walker()(text, latex_context=context, tolerant_parsing=True).get_latex_nodes()[0]


@cache
def _walker() -> Any:
    from pylatexenc.latexwalker import LatexToken, LatexWalker

    class Walker(LatexWalker):  # type: ignore[misc]  # the library has no types
        """The library's parser; a token of text may be several words."""

        def get_token(
            self, pos: int, include_brace_chars: Any = None, environments: bool = True, **options: Any
        ) -> Any:
            """The token at a place; an argument that is a single character is asked for without `environments`."""
            words = WORDS.match(self.s, pos) if environments else None
            if words is None:
                return super().get_token(pos, include_brace_chars, environments, **options)
            return LatexToken(tok="char", arg=words[0], pos=pos, len=len(words[0]), pre_space="")

    return Walker
