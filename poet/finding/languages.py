"""The language that a person names in a search."""

from poet.finding.folding import fold
from poet.sources.gutenberg.languages import NAMES

CODES = {fold(name): code for code, names in NAMES.items() for name in names.split(", ")}


def language_code(name: str) -> str:
    """The code of the language called `name` in English or in itself; a code, also with a country, stays what it is.

    >>> language_code("german"), language_code("Français"), language_code("EN"), language_code("pt_BR")
    ('de', 'fr', 'en', 'pt')
    """
    folded = fold(name)
    code = CODES.get(folded) or folded
    # "en-GB" is English; "middle english" is no code with a country.
    return code.split(" ")[0] if len(code.split(" ")[0]) <= 3 else code


def similar_language(name: str) -> str:
    """The name of a language that is most similar to `name`, which is none; "" when none is similar.

    >>> similar_language("germn"), similar_language("xyz")
    ('german', '')
    """
    from rapidfuzz import fuzz, process

    found = process.extractOne(fold(name), list(CODES), scorer=fuzz.ratio, score_cutoff=70)
    return found[0] if found else ""
