"""The built page from the disk in real browsers: with float32 weights it writes the ids of Python."""

import time

import pytest

from poet.params.sampling import SamplingParams
from poet.tokenizers.kinds import KINDS
from tests.export.engine.firefox import FIREFOX, running_firefox
from tests.export.engine.made import SMALL, TEXTS, blocks_of, make_page, python_writes
from tests.tiny import VARIANTS

pytestmark = pytest.mark.browser
PROMPT, TOKENS = "The old ", 70
SETTINGS = {"temperature": 0.9, "seed": 5, "tokens": TOKENS}
WRITE = {"type": "write", "id": "test", "prompt": PROMPT, "settings": SETTINGS}

# What a page may load: itself, and the program of its worker.
OWN = ("file:", "blob:")

# Keeps the messages of the worker that the page starts, in `engineEvents`; `engine` is the worker.
WATCH = """
  window.engineEvents = [];
  window.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      window.engine = this;
      this.addEventListener("message", ({ data }) => window.engineEvents.push(data));
    }
  };
"""

# Every variant with one tokenizer, and every tokenizer with one model.
MODELS = {name: ("char", config) for name, config in VARIANTS.items()} | {kind: (kind, SMALL) for kind in KINDS}


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page from the disk with the network off; in the end there may have been no error and no request."""
    context, problems = browser.new_context(offline=True), []
    context.add_init_script(WATCH)

    def open_page(content):
        (tmp_path / "poet.html").write_text(content, encoding="utf-8")
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: None if request.url.startswith(OWN) else problems.append(request.url))
        page.goto((tmp_path / "poet.html").as_uri())
        wait_for(page, "engineEvents.some(({ type }) => type === 'ready')")
        return page

    yield open_page
    context.close()
    assert problems == []


def wait_for(page, expression):
    """Wait until `expression` is true. playwright.s own way makes code of a string, which the policy forbids."""
    end = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        time.sleep(0.02)


def events_of(page, message):
    page.evaluate("message => engine.postMessage(message)", message)
    wait_for(page, "engineEvents.some(({ type }) => type === 'done')")
    return page.evaluate("id => engineEvents.filter(event => event.id === id)", message["id"])


def ids_of(events):
    return [event["token"] for event in events if event["type"] == "token"]


@pytest.mark.parametrize(("kind", "config"), MODELS.values(), ids=MODELS)
def test_chromium_writes_the_ids_of_python(opened, tmp_path, kind, config):
    trained, content = make_page(tmp_path, kind, config=config)
    expected, _ = python_writes(trained, PROMPT, SamplingParams(temperature=0.9, seed=5), TOKENS)
    assert ids_of(events_of(opened(content), WRITE)) == expected


def test_the_page_stays_at_hand_while_the_worker_writes(opened, tmp_path):
    """Whatever the worker computes, the page answers; and a stop comes through."""
    _, content = make_page(tmp_path)
    page = opened(content)
    page.evaluate("message => engine.postMessage(message)", WRITE | {"settings": {"tokens": 5000}})
    wait_for(page, "engineEvents.some(({ type }) => type === 'token')")
    start = time.monotonic()
    page.evaluate("engine.postMessage({ type: 'stop', id: 'test' })")
    wait_for(page, "engineEvents.some(({ type }) => type === 'done')")
    assert time.monotonic() - start < 2
    assert page.evaluate("engineEvents.at(-1).reason") == "stopped"


# Starts the program of the page with the blocks of the page, and waits for the end of a text.
IN_FIREFOX = """
  const [blocks, message, answer] = arguments;
  const events = [];
  const program = new Blob([document.getElementById("worker-program").textContent]);
  const worker = new Worker(URL.createObjectURL(program));
  worker.onerror = (error) => answer([{ type: "failed", message: error.message }]);
  worker.onmessage = ({ data }) => {
    events.push(data);
    if (data.type === "ready") worker.postMessage(message);
    if (data.type === "done") answer(events);
  };
  worker.postMessage({ type: "open", blocks });
"""


@pytest.mark.skipif(not FIREFOX, reason="no Firefox on this machine")
def test_firefox_writes_the_ids_of_python_and_traces(tmp_path):
    (tmp_path / "profile").mkdir()
    with running_firefox(tmp_path / "profile") as firefox:
        for name in ("classic", "yoke state", "bpe", "bytegram", "word"):
            kind, config = MODELS[name]
            folder = tmp_path / name
            trained, content = make_page(folder, kind, config=config, min_length=5)
            expected, _ = python_writes(trained, PROMPT, SamplingParams(temperature=0.9, seed=5), TOKENS)
            (folder / "poet.html").write_text(content, encoding="utf-8")
            firefox.open(folder / "poet.html")
            events = firefox.run(IN_FIREFOX, blocks_of(content), WRITE)
            assert ids_of(events) == expected, (name, events[-1])
            text = "".join(event["text"] for event in events if event["type"] == "token")
            for span in next((event["spans"] for event in reversed(events) if event["type"] == "spans"), []):
                source = span["sources"][0]
                passage = TEXTS[source["book"]][source["start"] : source["end"]]
                assert passage == text[span["start"] : span["end"]]
