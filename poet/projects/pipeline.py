"""dvc.yaml of a project whose code is not among its files, made from that of the repository.

There, a stage depends on the files of its code. Here, it depends on a hash of the same files, which the lock file has:
DVC compares a value in a JSON file as it compares a parameter. So an upgrade runs only those stages again whose code it
changes.
"""

import re
from dataclasses import dataclass

from poet.project import PIPELINE
from poet.projects.template import template

# The lock file of a project: what is installed, and the hash of the code of every stage under the key CODE.
LOCK = "poet.lock.json"
CODE = "code"

# How each stage is started; the repository says `python -m stages.NAME`.
RUN_STAGE = "python -m poet.projects.stage "

HEAD = f"""\
# The stages of torch-transformer-poet, written by `poet init`. `poet upgrade` replaces it by that of another version.
#
# Each stage depends on the data and the parameters that it reads, and on the hash of its code in {LOCK}.
# Every path of the pipeline stands here; params.yaml is the recipe, and the file to edit.

"""

# A line with the name of a stage, with a dependency on code, and the one before the parameters of a stage.
_STAGE = re.compile(r"  (\w+):")
_CODE = re.compile(r" +- ((?:stages|poet)/\S+)")
_PARAMS = re.compile(r"( +)params:")

# A list of dependencies that is left empty.
_NO_DEPS = re.compile(r"^( +)deps:\n(?!\1  - )", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """The pipeline of a project as the `text` of dvc.yaml, and the `code` of each stage: paths in the repository."""

    text: str
    code: dict[str, list[str]]


def make_pipeline() -> Pipeline:
    """The pipeline of the installed version, made from the dvc.yaml of its repository."""
    lines, code, name = [], dict[str, list[str]](), ""
    _, _, stages = template(PIPELINE).partition("\nstages:\n")
    for line in stages.splitlines():
        if found := _CODE.match(line):
            code[name].append(found[1])
            continue
        if found := _STAGE.fullmatch(line):
            name = found[1]
            code[name] = []
        lines.append(line.replace("python -m stages.", RUN_STAGE))
        if found := _PARAMS.fullmatch(line):
            lines.append(f"{found[1]}  - {LOCK}: [{CODE}.{name}]")
    # The benchmark depends on nothing but code and parameters, and DVC takes no empty list.
    text = _NO_DEPS.sub("", "\n".join(lines))
    return Pipeline(text=f"{HEAD}stages:\n{text}\n", code=code)
