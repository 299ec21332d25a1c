"""Who is the champion, on a real MLflow store: never a worse model, and of two at once the better one."""

import contextlib

import pytest

from poet.errors import PoetError
from poet.tracking.promotion import Standing, promote, why_not_comparable, why_worse
from poet.tracking.registry import CHAMPION, PROMOTION_TAG, Version, alias, register, registry, versions
from poet.tracking.run import tracking

TAGS = {"poet.unseen_sha256": "a text", "poet.sampling_sha256": "a way"}


def registered(opened, digest, bits, excess=(0.0, -0.01, 0.01), tags=TAGS):
    """A version whose run has the figures. Its files do not matter here."""
    experiment = opened.get_experiment_by_name("shelf")
    place = experiment.experiment_id if experiment else opened.create_experiment("shelf")
    if not experiment:
        opened.create_registered_model("shelf")
    run = opened.create_run(place, tags={"poet.model_sha256": digest} | tags).info.run_id
    figures = dict(zip(("", "_low", "_high"), excess, strict=True))
    opened.log_metric(run, "evaluation/bits_per_character", bits)
    for end, value in figures.items():
        opened.log_metric(run, f"copying/excess_at_30{end}", value)
    opened.create_model_version("shelf", "file:///nowhere", run, tags={"poet.model_sha256": digest})
    return max(versions(opened, "shelf"), key=lambda one: one.number)


@pytest.fixture
def opened(client, tmp_path):
    with registry(tmp_path) as opened:
        yield opened


def test_a_better_model_is_promoted_and_a_worse_one_refused_with_the_figures(opened, tmp_path):
    first = registered(opened, "a" * 64, 1.7)
    assert promote(opened, "shelf", first)[0] == "There was no champion of shelf to compare with."
    assert "is the champion of shelf already" in promote(opened, "shelf", first)[0]
    better = registered(opened, "b" * 64, 1.65)
    lines = promote(opened, "shelf", better)
    assert lines[0] == "Version 2 is no worse than the champion of shelf so far, version 1."
    assert "models:/shelf@champion" in lines[1] and len(lines) == 5 and "1.650" in lines[3] and "1.700" in lines[4]
    worse = registered(opened, "c" * 64, 1.66)
    with pytest.raises(PoetError) as error:
        promote(opened, "shelf", worse)
    message = error.value.message
    assert "version 3 of shelf is not promoted: it needs more bits per character than the champion" in message
    assert all(figure in message for figure in ("1.660", "1.650", "+0.00% (-1.00% to +1.00%)"))
    assert alias(opened, "shelf", CHAMPION) == 2
    history = {one.number: one.promotion.partition(" since")[0] for one in versions(opened, "shelf")}
    assert history == {1: "champion", 2: "champion", 3: ""}


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("poet.unseen_sha256", "it was evaluated on another text than the champion, version 1"),
        ("poet.sampling_sha256", "it was sampled in another way (prompts, temperatures or limits) than the champion"),
    ],
)
def test_figures_of_other_data_are_not_compared(opened, tmp_path, key, sentence):
    promote(opened, "shelf", registered(opened, "a" * 64, 1.7))
    for value, expected in (("another", sentence), ("", "the record of version 3 does not say how it was measured")):
        other = registered(opened, (value or "none") * 8, 1.0, tags=TAGS | {key: value})
        with pytest.raises(PoetError) as error:
            promote(opened, "shelf", other)
        assert expected in error.value.message and "1.700" in error.value.message
    assert alias(opened, "shelf", CHAMPION) == 1


def test_a_model_without_figures_says_what_is_missing(opened, tmp_path):
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.tags({"poet.model_sha256": "abc"})
    version, _ = register(opened, "shelf", "abc", lambda out: out.mkdir(), has_index=True)
    with pytest.raises(PoetError, match="no evaluation/bits_per_character and no copying/excess_at_30 of version 1"):
        promote(opened, "shelf", version)


def stand(number, bits, excess, interval=None):
    version = Version(number=number, model_sha256=str(number), has_index=True, run_id="")
    return Standing(version=version, bits=bits, excess=excess, interval=interval, text="a", sampling="b")


def test_worse_is_what_is_worse_beyond_doubt():
    champion = stand(1, 1.700, 0.01, (0.0, 0.02))
    assert why_worse(stand(2, 1.7004, 0.01), champion) == "", "three digits count"
    assert why_worse(stand(2, 1.701, 0.01), champion) == "it needs more bits per character"
    assert why_worse(stand(2, 1.6, 0.02, (0.005, 0.03)), champion) == "", "the samples are too few to say"
    assert why_worse(stand(2, 1.6, 0.03, (0.02, 0.04)), champion) == "it copies more"
    assert why_worse(stand(2, 1.6, 0.02), champion) == "it copies more", "without an interval, the figure itself"
    # Less than people copy is no fault, whatever the champion copies.
    assert why_worse(stand(2, 1.6, -0.01, (-0.02, 0.0)), stand(1, 1.7, -0.05)) == ""
    assert why_not_comparable(stand(2, 1.6, 0.0), champion) == ""


class Interrupted:
    """A client before whose request number `nth` somebody else does something."""

    def __init__(self, client, nth, other):
        self.client, self.left, self.other = client, nth, other

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def call(*args, **options):
            self.left -= 1
            if self.left == 0:
                self.other()
            return method(*args, **options)

        return call


@pytest.mark.parametrize("mine_is_better", [True, False])
def test_of_two_who_promote_at_once_the_better_one_stays(opened, tmp_path, mine_is_better):
    """The other one promotes before each request of mine in turn; refused or not, the best version has the alias."""
    promote(opened, "shelf", registered(opened, "0" * 64, 1.9))
    bits = 1.9
    for nth in range(1, 60):
        bits -= 0.01
        pair = {better: registered(opened, f"{nth}-{better}" * 9, bits - 0.005 * better) for better in (0, 1)}
        mine, other = pair[mine_is_better], pair[not mine_is_better]

        def promote_other(other=other):
            with contextlib.suppress(PoetError):
                promote(opened, "shelf", other)

        mixed = Interrupted(opened, nth, promote_other)
        with contextlib.suppress(PoetError):
            promote(mixed, "shelf", mine)
        if mixed.left > 0:
            break  # mine has no more requests
        assert alias(opened, "shelf", CHAMPION) == pair[1].number, f"before request {nth}"
    assert 8 < nth < 59


def test_a_promotion_that_is_taken_back_stays_so(opened, tmp_path):
    """Somebody moves the alias back by hand; the next promotion does not bring the version up again."""
    first, bad, third = (registered(opened, str(i) * 64, 1.7 - i / 10 * (i == 1) - i / 100) for i in range(3))
    promote(opened, "shelf", first)
    promote(opened, "shelf", bad)
    opened.set_registered_model_alias("shelf", CHAMPION, str(first.number))
    promote(opened, "shelf", third)
    assert alias(opened, "shelf", CHAMPION) == third.number


def test_a_promotion_that_fails_halfway_moves_no_alias(opened, tmp_path):
    first, second = (registered(opened, str(i) * 64, 1.7 - i / 10) for i in range(2))
    promote(opened, "shelf", first)

    def fail():
        raise RuntimeError("the server failed")

    for nth in range(1, 20):
        if alias(opened, "shelf", CHAMPION) == second.number:
            break  # it failed after the alias had moved
        try:
            promote(Interrupted(opened, nth, fail), "shelf", second)
        except RuntimeError:
            assert alias(opened, "shelf", CHAMPION) in (first.number, second.number)
    assert promote(opened, "shelf", second)[0].startswith("Version 2 is the champion of shelf already")
    # What failed is over now, and can be taken back like any other promotion.
    opened.set_registered_model_alias("shelf", CHAMPION, str(first.number))
    third = registered(opened, "2" * 64, 1.69)
    promote(opened, "shelf", third)
    assert alias(opened, "shelf", CHAMPION) == third.number


def test_a_promotion_that_was_interrupted_and_has_no_figures_any_more_hinders_nobody(opened, tmp_path):
    lost, mine = (registered(opened, str(i) * 64, 1.5 + i / 10) for i in range(2))
    opened.set_model_version_tag("shelf", str(lost.number), PROMOTION_TAG, "under way since 2026-01-01")
    opened.delete_run(lost.run_id)
    promote(opened, "shelf", mine)
    assert alias(opened, "shelf", CHAMPION) == mine.number
