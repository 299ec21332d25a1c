"""A real MLflow store in a folder of the test."""

import pytest
from mlflow import MlflowClient


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store.db")
    return MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/store.db")
