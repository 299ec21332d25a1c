"""openapi.json says what the server does: schemathesis makes requests from it, right ones and wrong ones, and finds no
answer that it does not describe.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from poet.serve.request import MOST_TOKENS
from tests.serve.web.running import running, small_poet

# Tokens of a text that schemathesis asks for: texts of a thousand, which are as right, would take minutes.
FEW = 5


@schemathesis.hook
def map_body(context, body):
    """`body` with short texts where it has long ones that are allowed."""
    if isinstance(body, dict):
        for part, name in ((body.get("settings"), "tokens"), (body, "max_tokens")):
            if isinstance(part, dict) and type(part.get(name)) is int and FEW < part[name] <= MOST_TOKENS:
                part[name] = FEW
    return body


@pytest.fixture(scope="module")
def server(trained):
    with running({"small": small_poet(trained)}, places=8, waiting=100) as server:
        yield server


@pytest.fixture(scope="module")
def description(server):
    with server.client() as client:
        described = client.get("/openapi.json").json()
    return schemathesis.openapi.from_dict(described)


schema = schemathesis.pytest.from_fixture("description")


def examples(count):
    return settings(
        max_examples=count,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )


@schema.parametrize()
@examples(8)
def test_no_answer_is_undescribed(case, server):
    case.call_and_validate(base_url=server.url)


@pytest.mark.slow
@schema.parametrize()
@examples(200)
def test_no_answer_is_undescribed_in_many_more(case, server):
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
