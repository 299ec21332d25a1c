"""Every change is checked: the steps of .github/workflows/check.yml and the hooks of a commit do what they say.

What only GitHub's machine has is replaced, each in one place: the checkout is a clone, `gh` writes down what it is
given, and style, types and tests of the whole project are only asked for by name. The pipeline is cut to three stages
and one that writes a metric, because the steps know no stage by name.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.clone import ENVIRONMENT, ROOT, clone, sh
from tests.test_sharing import with_own_texts

WORKFLOW = YAML(typ="safe").load(ROOT / ".github/workflows/check.yml")
JOB = WORKFLOW["jobs"]["check"]
STEPS = {step.get("name", step.get("uses")): step for step in JOB["steps"]}
LOCK = "dvc.lock is that of this code and these parameters"
REMOTE = "The remote has everything that dvc.lock names"

METRIC = {
    "cmd": "mkdir -p reports/summaries && cp data/tokens/mine/meta.json reports/summaries/mine.json",
    "deps": ["data/tokens/mine"],
    "metrics": [{"reports/summaries/mine.json": {"cache": False}}],
}
GH = '#!/bin/sh\necho "$@" >"$RUNNER_TEMP/gh"\nfor file; do :; done\ncp "$file" "$RUNNER_TEMP/posted"\n'


def run(name: str, folder: Path, *, fails: bool = False) -> str:
    """The step `name` in the clone `folder`, in the shell that GitHub takes for `shell: bash`; what it printed."""
    temporary = folder.parent / "runner"
    temporary.mkdir(exist_ok=True)
    (temporary / "gh.program").mkdir(exist_ok=True)
    gh = temporary / "gh.program/gh"
    gh.write_text(GH, encoding="utf-8")
    gh.chmod(0o755)
    variables = {"GITHUB_BASE_REF": "main", "RUNNER_TEMP": str(temporary), "NUMBER": "7"}
    result = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]], cwd=folder, text=True,
        env=ENVIRONMENT | variables | {"PATH": f"{gh.parent}:{ENVIRONMENT['PATH']}"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert (result.returncode != 0) == fails, result.stdout
    return result.stdout


def small_project(folder: Path) -> Path:
    """A repository in the new folder `folder` with own texts, of whose pipeline three stages and the metric are left;
    built, shared in the folder `store` beside it, and committed.
    """
    folder.mkdir()
    with_own_texts(folder)
    yaml = YAML()
    pipeline = yaml.load(folder / "dvc.yaml")
    kept = ("download", "clean", "tokenize")
    pipeline["stages"] = {name: pipeline["stages"][name] for name in kept} | {"metric": METRIC}
    pipeline.pop("plots", None)
    yaml.dump(pipeline, folder / "dvc.yaml")
    store = folder.parent / "store"
    sh(f"dvc remote add --default team {store} && dvc add -q data/own/mine && dvc repro -q && dvc push -q", folder)
    sh("git add -A && git commit -qm Mine", folder)
    return folder


@pytest.mark.slow
def test_a_change_is_refused_until_its_results_are_there_and_shared(tmp_path):
    one = small_project(tmp_path / "one")
    sh("git checkout -qb smaller", one)
    sh("sed -i 's/vocab_size: 512/vocab_size: 300/' params.yaml && git commit -qam 'Fewer tokens'", one)

    def checked_out(number: int) -> Path:
        return Path(sh(f"git clone -q --branch smaller {one} ci{number} && cd ci{number} && pwd", tmp_path).strip())

    printed = run(LOCK, checked_out(1), fails=True)
    assert (
        "failed to reproduce 'tokenize@mine'" in printed and "::error::dvc.lock is not that of this change" in printed
    )
    assert "Stage 'download@mine' didn't change" in printed, "own texts were pulled"
    sh("dvc repro -q && git add -A && git commit -qm Results", one)
    second = checked_out(2)
    run(LOCK, second)
    missing = run(REMOTE, second, fails=True)
    assert "data/tokens/mine/" in missing and "data/clean" not in missing and "::error::The remote lacks" in missing
    sh("dvc push -q", one)
    third = checked_out(3)
    assert run(REMOTE, third).strip() == ""
    table = run("Compare metrics", third)
    assert re.search(r"\| reports/summaries/mine.json *\| vocab_size *\| \d+ *\| 300 ", table), table
    # DVC asks for the list of a folder alone, unless told otherwise.
    digest = hashlib.md5((one / "data/tokens/mine/meta.json").read_bytes()).hexdigest()
    (tmp_path / "store/files/md5" / digest[:2] / digest[2:]).unlink()
    assert "data/tokens/mine/meta.json" in run(REMOTE, third, fails=True)
    run("Comment", third)
    assert (tmp_path / "runner/posted").read_text("utf-8") == table
    assert (tmp_path / "runner/gh").read_text("utf-8").startswith("pr comment 7 ")


@pytest.mark.slow
def test_a_change_is_refused_that_adds_a_large_file_or_a_secret(tmp_path):
    """What has passed by the hooks of a commit, because somebody did not install them. Types and style need no test."""
    folder = tmp_path / "one"
    folder.mkdir()
    clone(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    sh("echo .venv >>.git/info/exclude; git update-ref refs/remotes/origin/main HEAD", folder)
    for file, content, hook in (
        ("large.txt", "x" * 1_100_000, "no large file"),
        (".dvc/config", "['remote \"team\"']\n    password = x\n", "no secret of a remote"),
    ):
        (folder / file).write_text(content, encoding="utf-8")
        sh(f"git add -f {file} && git commit -qm Change", folder)
        printed = run("No large file, no secret", folder, fails=True)
        assert [line[: len(hook)] for line in printed.splitlines() if line.endswith("Failed")] == [hook], printed
        sh("git reset -q --hard HEAD^", folder)


def test_the_steps_are_all_of_them_and_each_asks_for_what_exists():
    """What the other tests do not run: the names of what `make` is asked for, and what GitHub alone reads."""
    assert WORKFLOW["defaults"]["run"]["shell"] == "bash"
    for step in JOB["steps"]:
        # A moved tag would run another program with our secrets; a title of a change is no part of a script.
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]) if "uses" in step else "${{" not in step["run"]
    targets = re.findall(
        r"^\s*(?:\w+=\w+ )?make ([\w-]+)$", "\n".join(s.get("run", "") for s in JOB["steps"]), re.MULTILINE
    )
    assert sorted(targets) == ["lint", "setup-dev", "test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    assert WORKFLOW["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert all("IS_OURS" in STEPS[name]["if"] for name in (LOCK, REMOTE, "Comment")), "forks get no secrets"


def commit(folder: Path, name: str, content: str, *, fails: bool = False) -> str:
    """What `git commit` of a new file says; the next commit begins without it if it is refused.

    The types of all files take half a minute; `make lint` checks them in CI.
    """
    path = folder / name
    before = path.read_bytes() if path.exists() else None
    path.write_text(content, encoding="utf-8")
    printed = sh(f"git add -f {name} && SKIP=mypy git commit -m Change", folder, fails=fails)
    if fails:
        sh(f"git reset -q {name}", folder)
        path.unlink() if before is None else path.write_bytes(before)
    return printed


@pytest.mark.slow
def test_git_refuses_large_files_secrets_and_bad_style(tmp_path):
    """Real commits, through the hook that the command of CONTRIBUTING.md installs."""
    clone(tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    assert ".venv/bin/pre-commit install" in (tmp_path / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sh("echo .venv >>.git/info/exclude; .venv/bin/pre-commit install", tmp_path)
    assert "Failed" not in commit(tmp_path, "note.md", "To be\n")
    # Put together here, because the hooks check this file, too.
    secrets = {
        "no private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n",
        "no key of AWS": "key: AKIA" + "Q7EXAMPLE2POETRY\n",
        "no large file": "x" * 1_100_000,
    }
    for hook, content in secrets.items():
        printed = commit(tmp_path, "new.txt", content, fails=True)
        assert re.findall(r"^(.*?)\.+Failed", printed, re.MULTILINE)[0].startswith(hook), printed
    config = (tmp_path / ".dvc/config").read_text(encoding="utf-8")
    for line in ("secret_access_key = x", "password = x", "url = https://ada:x@lab/poet"):
        printed = commit(tmp_path, ".dvc/config", f"{config}['remote \"team\"']\n    {line}\n", fails=True)
        assert "no secret of a remote" in printed.partition("Failed")[0].splitlines()[-1]
    assert "Failed" not in commit(tmp_path, ".dvc/config", f"{config}['remote \"team\"']\n    url = s3://team/poet\n")
    printed = commit(tmp_path, "poet/new.py", "import os\nx = eval( '1' )\n", fails=True)
    assert re.findall(r"^(\w+)\.+Failed", printed, re.MULTILINE) == ["style", "format"]
    assert sh("git status --porcelain", tmp_path) == ""
