"""From a laptop to a cluster, as docs/scaling.md says: the job file for Slurm, and experiments on two machines."""

import re
import shlex
import subprocess
import threading

import pytest
from ruamel.yaml import YAML

from tests.clone import ENVIRONMENT, ROOT, sh
from tests.team.test_workflow import small_project
from tests.test_sharing import with_own_texts

JOB = ROOT / "docs/train.slurm"
PAGE = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")

# Slurm's own programs, on a machine that stands for two: `srun` starts a task for each, `scontrol` says who is first.
SLURM = {
    "srun": '#!/bin/bash\n"$@" & one=$!\n"$@" & two=$!\nwait $one && wait $two\n',
    # The second name comes late: whoever reads only the first must not make it fail.
    "scontrol": "#!/bin/bash\necho 127.0.0.1\nsleep 0.3\necho 127.0.0.2\n",
}
VARIABLES = {
    **{"SLURM_JOB_ID": "4711", "SLURM_JOB_NODELIST": "two", "SLURM_JOB_NUM_NODES": "2"},
    **{"SLURM_GPUS_ON_NODE": "1", "SLURM_CPUS_PER_TASK": "1"},
}


@pytest.mark.slow
def test_the_job_for_slurm_trains_one_model_with_the_processes_of_two_machines(tmp_path):
    """Slurm is replaced by two scripts; torchrun, its rendezvous and the training are real, one process a machine."""
    project, programs = tmp_path / "project", tmp_path / "slurm"
    project.mkdir()
    programs.mkdir()
    for name, script in SLURM.items():
        (programs / name).write_text(script, encoding="utf-8")
        (programs / name).chmod(0o755)
    with_own_texts(project)
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/activate").write_text("", encoding="utf-8")  # the tests' own programs are on the path
    sh("dvc repro -q tokenize@mine", project)
    job = subprocess.run(
        ["bash", str(project / "docs/train.slurm"), "mine"], cwd=project, text=True, check=False,
        env=ENVIRONMENT | VARIABLES | {"PATH": f"{programs}:{ENVIRONMENT['PATH']}"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert job.returncode == 0, job.stdout
    assert job.stdout.count("40 steps: ") == 1, "two that had not met would both speak"
    assert "Stage 'train@mine' didn't change, skipping" in sh("dvc repro train@mine", project)


@pytest.mark.parametrize(("cores", "threads"), [(64, 8), (4, 1)])
def test_each_process_of_the_job_has_its_part_of_the_cores(tmp_path, cores, threads):
    """Also where there are fewer cores than processes: zero threads would be all cores for each."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/activate").write_text("", encoding="utf-8")
    said = 'echo "cores=$SRUN_CPUS_PER_TASK threads=$OMP_NUM_THREADS"'
    for name, script in {
        "srun": f"#!/bin/bash\n{said}\n",
        "scontrol": SLURM["scontrol"],
        "dvc": "#!/bin/bash\n",
    }.items():
        (tmp_path / name).write_text(script, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    asked = {"SLURM_GPUS_ON_NODE": "8", "SLURM_CPUS_PER_TASK": str(cores)}
    variables = ENVIRONMENT | VARIABLES | asked | {"PATH": f"{tmp_path}:{ENVIRONMENT['PATH']}"}
    job = subprocess.run(
        ["bash", str(JOB), "mine"], cwd=tmp_path, env=variables, capture_output=True, text=True, check=True
    )
    assert f"cores={cores} threads={threads}" in job.stdout


def test_the_job_for_slurm_is_the_stage():
    """Its line is the command of dvc.yaml, started by torchrun."""
    text = JOB.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", str(JOB)], check=True)
    command = re.findall(r"^srun (.*?)\n(?!  )", text.replace("\\\n", ""), re.MULTILINE | re.DOTALL)[0]
    stage = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]["train"]["do"]["cmd"]
    words = shlex.split(command)
    assert words[words.index("-m") :] == shlex.split(stage.replace("${item}", "$collection"))[1:]


QUEUE = re.findall(r"```sh\n(.*?)```", PAGE.partition("## Experiments on several machines")[2], re.DOTALL)


@pytest.mark.slow
def test_two_machines_share_their_experiments(tmp_path):
    """Two clones work at once, with a git server and a remote between them; a third has both and runs nothing."""
    one = small_project(tmp_path / "one")
    sh(f"git clone -q --bare {one} server.git", tmp_path)
    machines, submit, collect = ("a", "b", "c"), QUEUE[0], QUEUE[1]
    for name in machines:
        sh(f"git clone -q server.git {name}", tmp_path)

    def work(name: str, size: int) -> None:
        change = submit.replace("train.steps=2000", f"tokenize.vocab_size={size}").replace("longer", f"tokens-{size}")
        sh(change, tmp_path / name)

    threads = [threading.Thread(target=work, args=one) for one in (("a", 300), ("b", 320))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for size in (300, 320):
        printed = sh(collect.replace("longer", f"tokens-{size}"), tmp_path / "c")
        assert "Running stage" not in printed and "didn't change" in printed, printed
        assert f'"vocab_size": {size}' in (tmp_path / "c/data/tokens/mine/meta.json").read_text("utf-8")
        sh("git checkout -q -f .", tmp_path / "c")
