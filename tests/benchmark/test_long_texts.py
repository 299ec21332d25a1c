"""The ways to write on beyond the context: each is what it says, and the command compares them."""

import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner

from poet.benchmark.long_texts import Way, losses, main, ways
from tests.tiny import CONFIG, VARIANTS, VOCAB_SIZE, generator, logits_looking_back, tiny_model

TEXTS = torch.randint(VOCAB_SIZE, (3, 41), generator=generator(5))


def expected_losses(logits):
    return F.cross_entropy(logits.transpose(1, 2), TEXTS[:, 1:], reduction="none")


def test_forgetting_is_a_mask_over_what_came_first():
    model = tiny_model()
    loss, full = losses(model, TEXTS, Way(dropped=5, reads_again=False), lambda: None)
    assert full == [12, 17, 22, 27, 32, 37]
    first = [5 * sum(t >= start for start in full) for t in range(40)]
    torch.testing.assert_close(
        loss, expected_losses(logits_looking_back(model, TEXTS[:, :-1], first)), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("config", [CONFIG, VARIANTS["classic"]])
def test_reading_again_is_a_new_window(config):
    """Each token's loss is that of a window of its own, from the place where the newest window began."""
    model = tiny_model(config)
    loss, full = losses(model, TEXTS, Way(dropped=8, reads_again=True), lambda: None)
    assert full == [12, 20, 28, 36]
    for t in range(40):
        first = 8 * sum(t >= start for start in full)
        logits = model(TEXTS[:, first : t + 1])[:, -1]
        torch.testing.assert_close(
            loss[:, t], F.cross_entropy(logits, TEXTS[:, t + 1], reduction="none"), atol=1e-4, rtol=0
        )


def test_learned_positions_can_only_be_read_again():
    assert {way.reads_again for way in ways(tiny_model(VARIANTS["classic"]))} == {True}
    assert {way.reads_again for way in ways(tiny_model())} == {True, False}


def test_the_command_prints_a_row_for_each_way(built):
    folders = ["--model", str(built / "models/shakespeare"), "--tokens", str(built / "data/tokens/shakespeare")]
    result = CliRunner().invoke(main, folders, catch_exceptions=False)
    assert result.exit_code == 0
    rows = [line for line in result.output.splitlines() if "the first" in line and "do not count" not in line]
    assert len(rows) >= 4 and any(row.startswith("forget the first 1 ") for row in rows)
