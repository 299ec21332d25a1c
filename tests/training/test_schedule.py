"""The schedule of the learning rate: a trapezoid that stays within (0, 1]."""

import pytest

from poet.training.schedule import learning_rate_factor


def test_the_schedule_is_a_trapezoid():
    factors = [learning_rate_factor(step, 100, 10, 0.4) for step in range(100)]
    assert factors[:10] == [pytest.approx((i + 1) / 10) for i in range(10)]
    assert factors[10:61] == [1.0] * 51
    assert factors[60:] == [pytest.approx((100 - step) / 40) for step in range(60, 100)]


@pytest.mark.parametrize(("warmup", "cooldown"), [(0, 0.0), (0, 1.0), (500, 0.5)])
def test_schedules_at_the_edge_stay_in_range(warmup, cooldown):
    assert all(0 < learning_rate_factor(step, 10, warmup, cooldown) <= 1 for step in range(10))
