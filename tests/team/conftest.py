"""What several tests of a team share."""

from tests.team.laboratory import team

__all__ = ["team"]
