"""openapi.json says what the server does: schemathesis makes requests from it, right ones and wrong ones, and finds no
answer that it does not describe.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from poet.serve.web.limits import Limits
from tests.serve.web.running import running, small_poet

# Texts of up to a thousand tokens for each of the requests would take hours. The description that schemathesis gets
# says that the longest text has a few tokens; the server is the same.
FEW = 3


@pytest.fixture(scope="module")
def server(trained):
    with running({"small": small_poet(trained)}, limits=Limits(per_minute=0, places=8, waiting=100)) as server:
        yield server


@pytest.fixture(scope="module")
def description(server):
    with server.client() as client:
        described = client.get("/openapi.json").json()
    bodies = described["components"]["schemas"]
    bodies["Settings"]["properties"]["tokens"]["maximum"] = FEW
    bodies["Settings"]["properties"]["tokens"]["default"] = FEW
    bodies["CompletionRequest"]["properties"]["max_tokens"]["anyOf"][0]["maximum"] = FEW
    bodies["WriteRequest"]["required"].append("settings")
    bodies["Settings"]["required"] = ["tokens"]
    bodies["CompletionRequest"]["required"].append("max_tokens")
    return schemathesis.openapi.from_dict(described)


schema = schemathesis.pytest.from_fixture("description")


@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_no_answer_is_undescribed(case, server):
    case.call_and_validate(base_url=server.url)


def test_the_description_names_models_limits_and_refusals(server):
    with server.client() as client:
        described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    paths, schemas = described["paths"], described["components"]["schemas"]
    assert set(paths) == {
        *("/", "/api/facts", "/api/line", "/api/passage", "/api/write"),
        *("/v1/completions", "/v1/models", "/v1/models/{model}", "/health", "/metrics"),
    }
    assert schemas["WriteRequest"]["properties"]["model"]["enum"] == ["", "small"]
    assert schemas["CompletionRequest"]["properties"]["model"]["enum"] == ["small"]
    vocabulary = server.poet.trained.model.vocab_size
    pair = schemas["WriteRequest"]["properties"]["forced"]["items"]["prefixItems"]
    assert pair[1]["maximum"] == vocabulary - 1
    assert {"400", "401", "404", "405", "408", "413", "415", "421", "429", "503"} <= set(
        paths["/api/write"]["post"]["responses"]
    )
    assert "422" not in str(paths)
    for path in paths.values():
        for operation in path.values():
            assert operation["summary"] and operation["operationId"]
            assert operation["description"].strip()
