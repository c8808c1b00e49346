"""Countries and their people in words that do not begin alike: "American" and "United States" (pure).

Words that begin alike or differ by a letter ("Britain", "British") are told by their letters (unknown_names.py).
"""

from __future__ import annotations

from rag.text.terms import stem

_SAME = """
american, america, united states, usa, u s
british, briton, britain, united kingdom, u k
burmese, burma, myanmar
cypriot, cyprus
danish, dane, denmark
dutch, holland, netherlands
english, england
filipino, philippine, philippines
finnish, finn, finland
flemish, flanders
french, france
irish, ireland
manx, isle of man
monegasque, monaco
persian, persia, iran, iranian
polish, pole, poland
siamese, siam, thai, thailand
spanish, spaniard, spain
swiss, switzerland
turkish, turk, turkey, turkiye
welsh, wales
"""
_LANDS = [line.split(", ") for line in _SAME.strip().split("\n")]
_OF = {stem(word): names for names in _LANDS for word in names if " " not in word}


def same_land(word: str) -> list[str]:
    """The names, in lower case, of the country or people that the stem of a word means; none for another word.

    >>> same_land("welsh")
    ['welsh', 'wales']
    """
    return _OF.get(word, [])
