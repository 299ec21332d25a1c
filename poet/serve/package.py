"""A trained model as an MLflow model: a folder that any machine with Python serves, also one without this repository.

MLmodel             what it is: the signature of requests and answers, and where everything is
artifacts/model/    model.safetensors, config.json, tokenizer.json
artifacts/index/    the index of its books, unless it is left out
code/poet/          the rooms of this program that writing and tracing need
requirements.txt    the packages that they need, in the versions of constraints.txt, which is beside it
"""

import re
import shutil
import tempfile
import warnings
from contextlib import AbstractContextManager
from importlib import metadata
from pathlib import Path
from typing import Any

import poet
from poet.errors import ConfigError, ModelError
from poet.files import read_text
from poet.results.model_folder import CONFIG, TOKENIZER, WEIGHTS
from poet.serve.request import PARAMETERS, Writing

# The packages that the served model imports. tests/serve/test_package.py compares them with the imports.
PACKAGES = ("click", "mlflow", "numpy", "pydantic", "safetensors", "tokenizers", "torch")

# What the code in the model consists of; the same test says what is missing.
ROOMS = ("attribution", "device", "generation", "model", "params", "results", "serve", "tokenizers")
MODULES = ("__init__", "addresses", "checksums", "errors", "files", "project", "terminal")

# One request that shows what can be asked.
EXAMPLE_PROMPTS = ["To be, or ", "The old "]

# One package of constraints.txt and its version.
_PIN = re.compile(r"^([\w.-]+)==([\w.!+-]+)$", re.MULTILINE)


def write_mlflow_model(out: Path, model: Path, index: Path | None, min_length: int, constraints: Path) -> None:
    """Write the MLflow model of the model's folder `model` and the index folder `index` to the new folder `out`.

    `constraints` is the file with the versions. The weights of the last training step are left out.
    """
    requirements = [*pinned(constraints), f"-c {constraints}"]
    with tempfile.TemporaryDirectory() as temporary:
        parts = Path(temporary)
        _copy_code(parts / "poet")
        # The model keeps the path of the file with the code: one that says nothing of this machine.
        code = Path(shutil.copy(Path(__file__).parent / "mlflow_model.py", parts))
        (parts / "model").mkdir()
        for name in (CONFIG, TOKENIZER, WEIGHTS):
            shutil.copyfile(model / name, parts / "model" / name)
        artifacts = {"model": str(parts / "model")}
        if index:
            # MLflow calls an artifact by the name of its folder, and the index has that of the collection.
            shutil.copytree(index, parts / "index")
            artifacts["index"] = str(parts / "index")
        with _without_advice():
            import mlflow.pyfunc

            mlflow.pyfunc.save_model(
                path=str(out),
                python_model=str(code),
                artifacts=artifacts,
                code_paths=[str(parts / "poet")],
                model_config={"min_length": min_length},
                signature=_signature(),
                input_example=(_table(EXAMPLE_PROMPTS), {"max_new_tokens": 30, "seed": 1}),
                pip_requirements=requirements,
            )
    _check(out)


def _without_advice() -> AbstractContextManager[Any]:
    """Keep MLflow's warnings off the terminal: it advises a type hint that `poet.serve.mlflow_model` must not have."""
    return warnings.catch_warnings(record=True, action="always")


def _check(folder: Path) -> None:
    """Load the MLflow model in `folder` and let it answer the example: what cannot be served is not registered."""
    with _without_advice():
        import mlflow.pyfunc

        answers = mlflow.pyfunc.load_model(str(folder)).predict(_table(EXAMPLE_PROMPTS), {"max_new_tokens": 1})
    if len(answers) != len(EXAMPLE_PROMPTS):
        raise ModelError(f"the MLflow model gave {len(answers)} answers to {len(EXAMPLE_PROMPTS)} prompts")


def pinned(constraints: Path) -> list[str]:
    """The packages of the served model with the versions that the file `constraints` has for them.

    ConfigError when the file lacks one: with another version, nobody has tried the model.
    """
    pins = {name.lower(): version for name, version in _PIN.findall(read_text(constraints))}
    if missing := [name for name in PACKAGES if name not in pins]:
        lines = "\n".join(f"  {name}=={metadata.version(name)}" for name in missing)
        raise ConfigError(f"{constraints} has no version of {', '.join(missing)}. Add what is installed here:\n{lines}")
    return [f"{name}=={pins[name]}" for name in PACKAGES]


def _copy_code(out: Path) -> None:
    """Copy the code that the served model needs to the new folder `out`."""
    package = Path(poet.__file__).parent
    out.mkdir()
    for module in MODULES:
        shutil.copyfile(package / f"{module}.py", out / f"{module}.py")
    for room in ROOMS:
        # MLflow has a server of its own.
        shutil.copytree(package / room, out / room, ignore=shutil.ignore_patterns("__pycache__", "web"))


def _table(prompts: list[str]) -> Any:
    import pandas as pd

    return pd.DataFrame({"prompt": prompts})


def _signature() -> Any:
    """What a request has, and what its answer has, in MLflow's types."""
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Object, ParamSchema, ParamSpec, Property, Schema

    whole, words, number = DataType.long, DataType.string, DataType.double
    source = Object([Property("book", words), *(Property(name, whole) for name in ("start", "end", "count"))])
    flags = [Property(name, DataType.boolean) for name in ("exact", "shared")]
    places = [Property(name, whole) for name in ("start", "end")]
    span = Object([*places, *flags, Property("surprise", number), Property("sources", Array(source))])
    answers: list[Any] = [
        *(ColSpec(words, "text"), ColSpec(Array(span), "spans")),
        *(ColSpec(Array(span), "near"), ColSpec(words, "note")),
    ]
    defaults = {name: getattr(Writing(), name) for name in PARAMETERS}
    parameters = [
        ParamSpec(name, whole if isinstance(value, int) else number, value) for name, value in defaults.items()
    ]
    return ModelSignature(
        inputs=Schema([ColSpec(words, "prompt")]), outputs=Schema(answers), params=ParamSchema(parameters)
    )
