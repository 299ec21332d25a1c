"""The tracking server of docs/team.md, started as the page says, and two colleagues who use it."""

import os
import re
import secrets
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.clone import ENVIRONMENT, sh
from tests.servers import HOST, S3, free_port, mlflow_server, postgres_server, s3_server
from tests.team.page import blocks
from tests.test_sharing import with_own_texts

INSTALL, DATABASE, SERVE, USER, COLLEAGUE = (text for _, text in blocks("Runs: a shared tracking server"))
SETTINGS = Path("docs/tracking-server/mlflow.env")
SECRETS = Path("docs/tracking-server/.env")


@dataclass(frozen=True, kw_only=True)
class Team:
    """The server, and two clones in folders that are called as their owners; `secrets` are words that must not show."""

    url: str
    folder: Path
    log: Path
    s3: S3
    secrets: tuple[str, ...]

    def at_once(self, **commands: str) -> None:
        """Let colleagues run their commands at the same time; each must succeed."""
        done: list[str] = []

        def run(name: str, command: str) -> None:
            self.sh(name, command)
            done.append(name)

        threads = [threading.Thread(target=run, args=one) for one in commands.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(done) == sorted(commands)

    def sh(self, name: str, command: str, *, fails: bool = False) -> str:
        """A command in the shell of the colleague `name`: password from the file at home, no keys of S3."""
        home = self.folder / "homes" / name
        return sh(f"export HOME={home} MLFLOW_TRACKING_URI={self.url}; {command}", self.folder / name, fails=fails)


def client_of(team: Team, name: str, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """MLflow's client as a colleague has it: user and password, no keys of S3."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team.url)
    monkeypatch.setenv("HOME", str(team.folder / "homes" / name))
    for variable in [key for key in os.environ if key.startswith(("AWS_", "MLFLOW_S3"))]:
        monkeypatch.delenv(variable)
    return MlflowClient(tracking_uri=team.url)


def answered(command: str, folder: Path, *answers: str, **variables: str) -> str:
    """What a command printed that asks for a password; without a terminal, it reads from the input."""
    result = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=ENVIRONMENT | variables, input="".join(f"{a}\n" for a in answers),
        capture_output=True, text=True, start_new_session=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def settings(text: str) -> dict[str, str]:
    """The variables in a file of them."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def with_values(path: Path, **values: object) -> None:
    """Set variables in a file, as the page tells its reader to do; each must have a line there."""
    text = path.read_text(encoding="utf-8")
    for key, value in values.items():
        text, count = re.subn(rf"^{key}=.*$", f"{key}={value}", text, flags=re.MULTILINE)
        assert count == 1, key
    path.write_text(text, encoding="utf-8")


def set_up(project: Path, postgres: str, s3: S3, port: int) -> dict[str, str]:
    """What the page tells the admin to do before the server starts; returns the secrets."""
    sh(INSTALL.partition("psycopg2-binary\n")[2], project)
    assert (project / SECRETS).stat().st_mode & 0o077 == 0, "others can read the secrets"
    with_values(project / SECRETS, AWS_ACCESS_KEY_ID=s3.key, AWS_SECRET_ACCESS_KEY=s3.secret)
    kept = settings((project / SECRETS).read_text(encoding="utf-8"))
    admin, password, host, database_port = re.fullmatch(r".*//(.+):(.+)@(.+):(\d+)/.*", postgres).groups()
    with_values(
        project / SETTINGS,
        **{"PGPORT": database_port, "MLFLOW_S3_ENDPOINT_URL": s3.endpoint, "MLFLOW_HOST": HOST, "MLFLOW_PORT": port},
        MLFLOW_SERVER_ALLOWED_HOSTS=f"mlflow.lab:{port},{HOST}:{port}",
    )
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"))
    asked = DATABASE.replace("sudo -u postgres ", f"{binaries}/")
    variables = {"PGHOST": host, "PGPORT": database_port, "PGUSER": admin, "PGPASSWORD": password}
    answered(asked, project, kept["PGPASSWORD"], kept["PGPASSWORD"], **variables)
    return kept


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    one, port = folder / "ada", free_port()
    one.mkdir()
    with_own_texts(one)
    # The first stages run while the servers start.
    building = subprocess.Popen(["dvc", "repro", "-q", "tokenize@mine"], cwd=one, env=ENVIRONMENT)
    with postgres_server() as postgres, s3_server(folder / "s3", "mlflow") as s3:
        kept = set_up(one, postgres, s3, port)
        chosen = {name: secrets.token_hex(8) for name in ("ada", "bob")}
        with mlflow_server(one, port, command=SERVE.partition("\n")[2], log=folder / "server.log") as url:
            here = url.rpartition(":")[2]
            admin = {"MLFLOW_AUTH_ADMIN_PASSWORD": kept["MLFLOW_AUTH_ADMIN_PASSWORD"]}
            for name, password in chosen.items():
                answered(USER.replace(":5000", f":{here}"), one, name, password, **admin)
            assert building.wait() == 0
            subprocess.run(["cp", "-r", str(one), str(folder / "bob")], check=True)
            words = (*kept.values(), *chosen.values())
            found = Team(url=url, folder=folder, log=folder / "server.log", s3=s3, secrets=words)
            for name, password in chosen.items():
                (folder / "homes" / name).mkdir(parents=True)
                own = COLLEAGUE.replace("ada", name).replace(f"what {name} chose", password)
                found.sh(name, f"git config user.name {name.title()}\n{own}".replace("http://mlflow.lab:5000", url))
            yield found
