"""The Pareto front, beside its definition; the last message of a log."""

from hypothesis import given
from hypothesis import strategies as st

from poet.experiments.outcome import pareto_front
from poet.experiments.sweep import last_error

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


@given(POINTS)
def test_the_front_is_what_no_other_point_beats(points):
    def beats(one, other):
        return one[0] <= other[0] and one[1] <= other[1] and one != other

    expected = {i for i, point in enumerate(points) if not any(beats(other, point) for other in points)}
    found = pareto_front(points)
    assert {*found} == expected and len(found) == len(expected)
    assert [points[i] for i in found] == sorted(points[i] for i in found)


def test_the_last_error_of_a_log(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "Running stage\nError: too few tokens. Add books.\nERROR: failed to reproduce: exited with 1\n", "utf-8"
    )
    assert last_error(log) == "too few tokens. Add books."
    log.write_bytes(b"> python\nERROR: failed to pull \xff\n")
    assert last_error(log) == "failed to pull \N{REPLACEMENT CHARACTER}"
    log.write_text("Killed\n", "utf-8")
    assert last_error(log) == last_error(None) == "it ended without a message"
