"""The text of a sample in its tokens, each with its rank among all that the model could have written there.

A text that always takes the likeliest token reads like nobody's; people surprise. The four classes of ranks are those
of GLTR (Gehrmann et al. 2019, arXiv 1906.04043).
"""

from dataclasses import dataclass

from poet.results.samples import Sample

# The worst rank of each class, and the name by which page.css knows it.
CLASSES = ((1, "top1"), (10, "top10"), (100, "top100"))
REST = "rest"


@dataclass(frozen=True, kw_only=True)
class RankedPiece:
    """The text of a token, its rank among all tokens (1: the likeliest), and its probability.

    A character that takes several tokens has the worst of their ranks, and their probabilities multiplied.
    """

    text: str
    rank: int
    probability: float

    @property
    def kind(self) -> str:
        """The class of the rank: top1, top10, top100 or rest.

        >>> [RankedPiece(text="a", rank=rank, probability=0.5).kind for rank in (1, 2, 10, 100, 101)]
        ['top1', 'top10', 'top10', 'top100', 'rest']
        """
        return next((name for worst, name in CLASSES if self.rank <= worst), REST)


def rank_code(pieces: list[RankedPiece]) -> str:
    """The pieces for page.js: of each the number of its characters, the letter of its class, "a" for the likeliest, and
    its probability in per cent.

    >>> rank_code([RankedPiece(text="The", rank=1, probability=0.5), RankedPiece(text=" x", rank=700, probability=0.1)])
    '3a50 2d10'
    """
    letters = dict(zip([*(name for _, name in CLASSES), REST], "abcd", strict=True))
    return " ".join(f"{len(piece.text)}{letters[piece.kind]}{100 * piece.probability:.0f}" for piece in pieces)


def ranked_pieces(sample: Sample) -> list[RankedPiece]:
    """The text of `sample` in pieces, which joined are the text; none where the file has no ranks."""
    pieces: list[RankedPiece] = []
    start, rank, probability = 0, 1, 1.0
    for end, of_token, likely in zip(sample.ends, sample.ranks, sample.probabilities, strict=True):
        rank, probability = max(rank, of_token), probability * likely
        # A token within a character waits for those that complete it.
        if end > start:
            pieces.append(RankedPiece(text=sample.text[start:end], rank=rank, probability=probability))
            start, rank, probability = end, 1, 1.0
    return pieces
