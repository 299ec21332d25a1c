"""The tokens of a sample by rank."""

import dataclasses

from poet.report.ranked import RankedPiece, ranked_pieces
from tests.report.shelf import a_sample


def test_every_token_has_its_rank():
    sample = a_sample(
        "to bé", ends=(2, 3, 4, 4, 5), ranks=(1, 7, 120, 1, 9), probabilities=(0.5, 0.25, 0.001, 0.5, 0.5)
    )
    assert ranked_pieces(sample) == [
        RankedPiece(text="to", rank=1, probability=0.5),
        RankedPiece(text=" ", rank=7, probability=0.25),
        RankedPiece(text="b", rank=120, probability=0.001),
        # Two tokens for one character.
        RankedPiece(text="é", rank=9, probability=0.25),
    ]
    assert [piece.kind for piece in ranked_pieces(sample)] == ["top1", "top10", "rest", "top10"]
    # The last token began a character that was never completed.
    cut = dataclasses.replace(sample, text="to b", ends=(2, 3, 4, 4, 4))
    assert "".join(piece.text for piece in ranked_pieces(cut)) == "to b"


def test_a_file_without_ranks_has_none():
    assert ranked_pieces(a_sample("to be")) == []
