"""The code that MLflow runs to serve a model ("models from code"): a thin frame around `poet.serve.answers`.

MLflow copies this file into the model and runs it where the model is loaded. It holds no weights:
`poet.serve.package` writes the model.
"""

from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel

from poet.errors import PoetError
from poet.serve.answers import Poet, answer, open_poet
from poet.serve.request import read_prompts, read_writing


class ServedPoet(PythonModel):
    """A model in MLflow's frame."""

    poet: Poet

    def load_context(self, context: Any) -> None:
        """Open the model and its index, once for all requests."""
        index = context.artifacts.get("index")
        folder = Path(context.artifacts["model"])
        self.poet = open_poet(folder, Path(index) if index else None, context.model_config["min_length"])

    # `model_input` has no type hint, though MLflow advises it: it would replace the signature and drop the params.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Answer a table with the column `prompt`; a wrong request is status 400 with one message."""
        try:
            return answer(self.poet, read_prompts(list(model_input["prompt"])), read_writing(params or {}))
        except PoetError as error:
            raise MlflowException(error.format_message(), error_code=INVALID_PARAMETER_VALUE) from None


set_model(ServedPoet())
