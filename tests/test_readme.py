"""The README is true: each command is run by a test or by CI, the tree is the tree, the links lead somewhere."""

import re
import subprocess

from tests.clone import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Run elsewhere in another form, by how they begin, each with the reason.
ELSEWHERE = {
    "make ui": "serves until it is stopped; tests/cli/test_ui.py starts what it starts",
    "dvc exp run -S 'build=[philosophers]'": "like women_writers, with more books",
    "cd austen": "tests/projects/test_wheel.py goes from `poet init` to a report",
    # Formats: tests/cli/test_export.py writes each, tests/export/ opens them with the other library.
    "poet export --format onnx": "tests/cli/test_export.py",
    "poet export --collection shakespeare --": "tests/cli/test_export.py",
    "poet import --format hf shakespeare-hf --out models/back": "tests/cli/test_export.py",
    "python -m tests.export.onnx_speed": "tests/export/test_onnx.py",
    # docs/copying.md, docs/sampling.md: minutes of training, and figures of the default model.
    "dvc exp run -S 'build=[hamlet]' -S train.steps=700": "minutes of training; the page shows what it gave",
    "python -m poet.benchmark.sampling": "tests/benchmark/test_sampling.py runs the command on a small model",
    "python -m poet.benchmark.pairs": "tests/benchmark/test_pairs.py runs both commands on a small model",
    "--sampling 'temperature=1 top_p=0.9'": "the second line of one of them",
    # docs/scaling.md: several processes, machines and GPUs.
    "python -m poet.benchmark.beside": "tests/benchmark/test_beside.py",
    "GOMP_SPINCOUNT=300000 python -m poet.benchmark.beside": "the same with another variable",
    "python -m poet.benchmark.tokens": "tests/benchmark/test_tokens.py runs the command on a small library",
    "dvc exp run -S train.processes=": "tests/training/test_distributed.py trains in two processes",
    "torchrun --nnodes 2": "tests/team/test_cluster.py starts torchrun as the job of Slurm does",
    "dvc commit train@shakespeare": "tests/team/test_sweep.py commits what was made outside of DVC",
    "sbatch docs/train.slurm shakespeare": "no Slurm here; tests/team/test_cluster.py runs the job",
    "dvc exp run --name longer": "other runs of CI",
    "dvc exp p": "tried by hand with three clones, as the page says",
    "dvc exp apply longer": "tests/team/test_sweep.py applies an experiment",
    # docs/serving.md: tests/cli/test_serve.py and tests/serve/web/ start the server with each option, on a free port.
    "poet serve ": "tests/cli/test_serve.py",
    "curl -N http://127.0.0.1:8000/api/write": "tests/serve/web/test_writing.py asks the same with another client",
    "-d ": "its second line",
    'python -c "import secrets': "prints a secret",
    "UV_TORCH_BACKEND=cpu make setup": "the workflow runs it for setup-dev; tests/test_setup.py keeps what it installs",
    "make setup PYTHON=python3.13": "tests/test_setup.py names other Pythons",
    "sudo apt-get install git make python3-venv": "changes the machine",
    "docker build --tag poet .": "no Docker here; tests/test_project_files.py reads the Dockerfile",
    "docker run --name poet --interactive --tty poet": "no Docker here",
    # tests/projects/test_wheel.py does it with the libraries of the tests.
    "python3 -m venv poet-env": "installing takes minutes",
    ". poet-env/bin/activate": "installing takes minutes",
    "pip install torch_transformer_poet-0.1.0-py3-none-any.whl": "installing takes minutes",
    "docker cp poet:/poet/reports reports-from-docker": "no Docker here",
}


def commands(document: str) -> list[str]:
    """The commands in the blocks of shell of a document."""
    blocks = re.findall(r"```sh\n(.*?)```", document, re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def run_nowhere(document: str) -> list[str]:
    """The commands of a document that no test and no script of CI runs."""
    scripts = [ROOT / ".ci" / "readme", ROOT / ".ci" / "run", *(ROOT / "tests").rglob("*.py")]
    run = "\n".join(path.read_text(encoding="utf-8") for path in scripts if path.name != "test_readme.py")
    # Tests in tests/team/ read their commands from this page.
    run += (ROOT / "docs" / "team.md").read_text(encoding="utf-8")
    return [
        command for command in commands(document) if command not in run and not command.startswith(tuple(ELSEWHERE))
    ]


def test_every_command_is_run_somewhere():
    assert run_nowhere(README) == []
    assert len(commands(README)) > 10
    assert run_nowhere("```sh\npoet check\npoet chekc\n```") == ["poet chekc"]


def test_the_tree_is_the_tree():
    """Every folder and top-level file of git stands in the README with a line, and no other."""
    (block,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    told = set()
    parents = []
    for line in block.splitlines():
        name = line.strip().split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        parents = [*parents[:depth], name]
        told.add("".join(parents))
        assert len(line.split(maxsplit=1)) == 2, f"{name} has no line of its own"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    real = {name.split("/")[0] + ("/" if "/" in name else "") for name in listed}
    real |= {"/".join(name.split("/")[:2]) + "/" for name in listed if name.startswith("poet/") and name.count("/") > 1}
    hidden = {name for name in real if name.startswith(".")}
    assert {name for name in told if name.count("/") <= 2} >= real - hidden
    made = {"data/raw/", "data/clean/", "data/tokens/", "data/index/", "data/own/"}
    made |= {"models/", "models/none/", "reports/"}
    modules = set(listed)
    assert {name for name in told if name not in real | modules | made} == set()


def test_links_lead_to_files():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
