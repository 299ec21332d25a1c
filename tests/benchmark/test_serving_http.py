"""The measurement over HTTP reads a real server, and says what is wrong where it cannot."""

import pytest
from click.testing import CliRunner

from poet.benchmark import serving_http
from poet.benchmark.serving_http import Load, main, serve
from poet.errors import PoetError
from tests.serve.conftest import trained  # noqa: F401  (a fixture)
from tests.serve.web.running import Limits, running, small_poet


def test_a_real_server_is_measured(trained, monkeypatch):  # noqa: F811
    monkeypatch.setattr(serving_http, "LOADS", serving_http.LOADS[:2])
    with running({"small": small_poet(trained)}) as server:
        result = CliRunner().invoke(main, ["--url", f"{server.url}/", "--seconds", "0.5"])
        assert result.exit_code == 0, result.output
        assert "| 4 | no | 0 | a line |" in result.output
        served = serve(server.url, Load(readers=3, trace=True, alternatives=2), seconds=0.5)
        assert served.tokens_per_second > 0 and 0 < served.first_token <= served.first_token_95


def test_a_server_that_refuses_or_is_gone_is_one_message(trained):  # noqa: F811
    one = Load(readers=1, trace=False, alternatives=0)
    with (
        running({"small": small_poet(trained)}, limits=Limits(per_minute=1)) as server,
        pytest.raises(PoetError, match=r"did not serve 1 readers: 429 .*--per-minute 0"),
    ):
        serve(server.url, one, seconds=1)
    with pytest.raises(PoetError, match=r"did not serve 1 readers: .*refused"):
        serve(server.url, one, seconds=0.5)
