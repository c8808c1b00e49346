"""The name of the analysis that `rag.text.terms` makes, by which an index knows if its terms were made by it.

It stands apart so that an index can be opened without what the analysis itself needs.
"""

from __future__ import annotations

from functools import cache

# Raise it when any text gets other terms (tests/text/test_terms.py tells): indexes make their lexical part anew.
VERSION = 2


@cache
def analysis() -> str:
    """The name of the analysis that makes terms: terms made by another one find nothing here."""
    import Stemmer

    return f"terms-{VERSION}:snowball-{Stemmer.version()}"
