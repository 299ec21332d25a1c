"""A registered model is fetched from a real store, for `poet serve` and `poet write`."""

import shutil

from click.testing import CliRunner

from poet.cli.poets import Wanted, found_poets
from poet.cli.serve import serve
from poet.tracking.registry import register, registry
from poet.tracking.run import tracking
from tests.serve.small import small_model


def test_a_registered_model_is_fetched_with_its_index_and_its_length(tmp_path, client, monkeypatch):
    model, index = small_model(tmp_path / "small")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.tags({"poet.model_sha256": "a" * 64})

    def write(out):
        shutil.copytree(model, out / "artifacts" / "model")
        shutil.copytree(index, out / "artifacts" / "index")
        text = (
            "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n    config:\n      min_length: 7\n"
        )
        (out / "MLmodel").write_text(text, encoding="utf-8")

    with registry(tmp_path) as opened:
        version, _ = register(opened, "shelf", "a" * 64, write, has_index=True)
    client.set_registered_model_alias("shelf", "champion", version.number)
    wanted = Wanted(collections=(), models=("models:/shelf@champion",), index=None, params=tmp_path / "params.yaml")
    with found_poets(wanted) as (found,):
        assert (found.name, found.collection, found.min_length) == ("shelf@champion", "shelf", 7)
        assert (found.model / "model.safetensors").is_file() and (found.index / "meta.json").is_file()
        place = found.model
    assert not place.exists(), "what was fetched does not stay"
    result = CliRunner().invoke(serve, ["--model", "models:/shelf@nobody", "--port", "0"])
    assert result.exit_code == 1 and "Traceback" not in result.output and "nobody" in result.output
