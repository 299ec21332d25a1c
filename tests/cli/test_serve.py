"""`poet serve`: what it serves, where it listens, and one message where it cannot."""

import socket

import httpx
import pytest
from click.testing import CliRunner

from poet.cli.serve import serve
from tests.serve.process import served

SECRET = "a-token-that-nobody-guesses"


def test_two_models_are_served_side_by_side(trained):
    model, index = trained / "model", trained / "index"
    with served("--model", model, "--model", model, "--index", index, names="model, model-2") as (_, url):
        models = httpx.get(f"{url}/api/facts").json()["models"]
        assert [(one["name"], one["title"], one["can_trace"]) for one in models] == [
            ("model", "model", True),
            ("model-2", "model (2)", True),
        ]
        assert 'data-engine="server"' in httpx.get(url).text


def test_a_port_in_use_is_one_message_and_no_model_is_loaded_for_it(trained):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = CliRunner().invoke(serve, ["--model", str(trained / "model"), "--port", str(port)])
    assert result.exit_code == 1 and "Traceback" not in result.output
    assert f"127.0.0.1, port {port}, cannot be used" in result.output and "--port 0" in result.output


@pytest.mark.parametrize(
    ("host", "message"), [("192.0.2.1", "cannot be used"), ("no.such.host.invalid", "is no address of this machine")]
)
def test_an_address_of_another_machine_is_one_message(trained, host, message):
    result = CliRunner().invoke(serve, ["--model", str(trained / "model"), "--host", host, "--port", "0"])
    assert result.exit_code == 1 and host in result.output and message in result.output


@pytest.mark.parametrize("content", ["", "short", "has blanks in it, many", "é" * 20, "x" * 20 + "\x07"])
def test_a_token_that_is_none_is_refused_and_not_shown(trained, tmp_path, content):
    (tmp_path / "token").write_text(content + "\n", encoding="utf-8")
    result = CliRunner().invoke(serve, ["--model", str(trained / "model"), "--token-file", str(tmp_path / "token")])
    assert result.exit_code == 1 and "holds no token" in result.output
    assert not content or content not in result.output
    result = CliRunner().invoke(serve, ["--model", str(trained / "model"), "--token-file", str(tmp_path / "none")])
    assert result.exit_code == 2 and "does not exist" in result.output


def test_the_token_comes_from_a_file_or_the_environment_and_is_never_printed(trained, tmp_path):
    (tmp_path / "token").write_text(SECRET + "\n", encoding="utf-8")
    model = ("--model", trained / "model")
    for options, variables in ((("--token-file", tmp_path / "token"), {}), ((), {"POET_TOKEN": SECRET})):
        with served(*model, *options, **variables) as (process, url):
            assert httpx.get(f"{url}/api/facts").status_code == 401
            assert httpx.get(f"{url}/api/facts", headers={"authorization": f"Bearer {SECRET}"}).status_code == 200
            process.terminate()
            assert process.wait(60) == 0
            assert SECRET not in process.stdout.read() + process.stderr.read()


def test_a_server_for_everybody_without_a_token_warns(trained):
    with served("--model", trained / "model", "--host", "0.0.0.0") as (process, url):
        port = url.rstrip("/").rpartition(":")[2]
        # Whoever reaches the machine calls it by whatever name.
        answer = httpx.get(f"http://127.0.0.1:{port}/api/facts", headers={"host": "poet.example.org"})
        assert answer.status_code == 200
        process.terminate()
        process.wait(60)
        assert "Everybody who reaches this machine may write" in process.stderr.read()


def test_a_name_of_the_machine_can_be_allowed(trained):
    with served("--model", trained / "model", "--allow-host", "Poet.example.org") as (_, url):
        for host, status in {"poet.example.org": 200, "127.0.0.1": 200, "evil.example": 421}.items():
            assert httpx.get(f"{url}/api/facts", headers={"host": host}).status_code == status


def test_a_model_that_is_not_there_is_one_message(tmp_path):
    result = CliRunner().invoke(serve, ["--model", str(tmp_path / "nothing"), "--port", "0"])
    assert result.exit_code == 1 and "nothing" in result.output and "Traceback" not in result.output
