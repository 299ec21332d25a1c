"""The start page in a real browser: sorting, narrow windows, paper, no script, and what the first screen answers."""

import dataclasses
import html

import pytest

from poet.files import write_text
from poet.report.collection_page import summarize
from poet.report.start_page import start_page
from poet.report.summary import Line
from tests.benchmark.figures import GPU, a_benchmark, a_row, some_machines
from tests.report.browsing import CHROMIUM, VIEWER, accessibility
from tests.report.shelf import HOSTILE, a_run, made_up_results

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]

LINE = Line(
    text="Ay, but I'll speak:\nThe law is superfluous, thou art in this.", prompt="LEAR\n", temperature=0.6, sample=7
)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def some_runs(count):
    """Runs whose bits rise and whose steps fall, the second without any steps, with three learning rates."""
    runs = []
    for i in range(count):
        params = {"train.optimizer.learning_rate": ("0.1", "0.02", "1e-3")[i % 3]}
        params |= {} if i == 1 else {"train.steps": str(9 * (count - i))}
        runs.append(dataclasses.replace(a_run(f"run-{i}", 1.7 + i / 100, **params), text="3 books"))
    return runs


@pytest.fixture(scope="module")
def summary():
    made_up = summarize(made_up_results(samples=0), "run-2")
    return dataclasses.replace(made_up, compressors={"xz": 2.39, "ppmd": 1.9}, bits_per_character=1.71, line=LINE)


@pytest.fixture(scope="module")
def start(tmp_path_factory, summary):
    """Two collections. The first has 25 comparable runs and one of other books."""
    other = dataclasses.replace(
        summary, collection="tales", title="حكايات", language="ar", line=None, sample="كان يا ما كان"
    )
    different = dataclasses.replace(a_run("different", 1.5), text="2 books")
    page = tmp_path_factory.mktemp("start") / "index.html"
    write_text(
        page, start_page([summary, other], {"shakespeare": [*some_runs(25), different]}, machines=some_machines())
    )
    return page


@pytest.fixture(scope="module")
def single(tmp_path_factory, summary):
    page = tmp_path_factory.mktemp("single") / "index.html"
    write_text(page, start_page([summary], {}))
    return page


@pytest.fixture(scope="module")
def many(tmp_path_factory, summary):
    summaries = [dataclasses.replace(summary, collection=f"c{i}", title=f"Collection {i}") for i in range(30)]
    twenty = {f"machine-{i}": a_benchmark(a_row(seconds=0.1 + i), a_row(seconds=0.01, **GPU)) for i in range(20)}
    page = tmp_path_factory.mktemp("many") / "index.html"
    write_text(page, start_page(summaries, {one.collection: some_runs(200) for one in summaries}, machines=twenty))
    return page


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, summary):
    said = dataclasses.replace(LINE, text=HOSTILE, prompt=HOSTILE)
    evil = dataclasses.replace(summary, title=HOSTILE, line=said, compressors={HOSTILE: 2.0})
    runs = [a_run(HOSTILE + str(i), 1.5 + i, **{"train.steps": HOSTILE + str(i)}) for i in range(3)]
    other = dataclasses.replace(a_run(HOSTILE, 1.2), text=HOSTILE)
    row = a_row(device_name=HOSTILE, precision=HOSTILE, noise=(HOSTILE,))
    machine = a_benchmark(row, measured=HOSTILE, power=HOSTILE)
    page = tmp_path_factory.mktemp("hostile") / "index.html"
    write_text(page, start_page([evil], {"shakespeare": [*runs, other]}, machines={HOSTILE: machine}))
    return page


def runs_table(page):
    return page.locator("#runs table").first


def names(page):
    """The names of the runs in sight, from the first."""
    return runs_table(page).evaluate("""table => Array.from(table.tBodies[0].rows)
      .filter((row) => row.getClientRects().length)
      .map((row) => row.querySelector("th bdi").textContent)""")


def head(page, text):
    return runs_table(page).locator("thead th").filter(has=page.get_by_role("button", name=text, exact=True))


def test_a_click_on_a_head_sorts(opened, start):
    page = opened(start)
    assert names(page)[:3] == ["run-0", "run-1", "run-2"] and head(page, "bits per character").get_attribute(
        "aria-sort"
    )
    page.get_by_role("button", name="Show all 25 rows").click()
    head(page, "steps").locator("button").click()
    assert head(page, "steps").get_attribute("aria-sort") == "ascending"
    assert head(page, "bits per character").get_attribute("aria-sort") is None
    assert names(page)[:2] == ["run-24", "run-23"] and names(page)[-1] == "run-1", "9 before 18; nothing comes last"
    head(page, "steps").locator("button").click()
    assert head(page, "steps").get_attribute("aria-sort") == "descending"
    assert names(page)[:2] == ["run-0", "run-2"] and names(page)[-1] == "run-1"
    head(page, "rate").locator("button").click()
    assert names(page)[:9] == [f"run-{i}" for i in (*range(2, 25, 3), 4)], "as numbers, not as texts"
    head(page, "run").locator("button").click()
    assert names(page)[:3] == ["run-0", "run-1", "run-2"] and names(page)[-1] == "run-24", "numbers in names count"


def test_the_keyboard_sorts_too(opened, start):
    page = opened(start)
    head(page, "steps").locator("button").focus()
    page.keyboard.press("Enter")
    assert names(page)[0] == "run-24"
    page.keyboard.press("Space")
    assert names(page)[0] == "run-0"
    assert page.evaluate("document.activeElement.textContent") == "steps", "the focus stays"


def test_a_long_table_is_folded_and_shows_the_model_of_the_card(opened, start):
    page = opened(start)
    assert len(names(page)) == 20
    head(page, "steps").locator("button").click()
    assert names(page)[:20] == [f"run-{i}" for i in range(24, 4, -1)] and names(page)[20:] == ["run-2"], "marked"
    rest = page.get_by_role("button", name="Show all 25 rows")
    assert rest.get_attribute("aria-expanded") == "false"
    rest.click()
    assert len(names(page)) == 25
    page.get_by_role("button", name="Show the first 20 rows").click()
    assert len(names(page)) == 21


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["single", "start"])
def test_the_first_screen_answers_three_questions(opened, request, name, size):
    """What is the model, how good is it, does it copy: in words, without scrolling."""
    page = opened(request.getfixturevalue(name))
    page.set_viewport_size(size)
    seen = ""
    for part in ("h2", ".what", "blockquote", ".verdict"):
        element = page.locator(f".card >> nth=0 >> {part}")
        box = element.bounding_box()
        assert box["y"] + box["height"] <= size["height"], part
        seen += element.text_content()
    for words in ("language model of", "made for a shelf of", "better than the compressors"):
        assert words in seen
    assert "It repeats its books no more than their authors do" in seen
    if size == DESKTOP:
        box = page.locator(".card >> nth=0 >> .figures").bounding_box()
        assert box["y"] + box["height"] <= size["height"]


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("name", ["start", "hostile", "many"])
def test_nothing_is_wider_than_the_window(opened, request, name, width):
    page = opened(request.getfixturevalue(name))
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_runs_are_cards_that_sort(opened, start):
    page = opened(start, java_script_enabled=True)
    page.set_viewport_size(PHONE)
    page.reload()
    assert len(names(page)) == 6
    cell = runs_table(page).locator("tbody tr >> nth=0 >> td >> nth=0")
    assert cell.evaluate("e => getComputedStyle(e, '::before').content") == '"bits per character"'
    row = runs_table(page).locator("tbody tr").first.bounding_box()
    assert row["x"] >= 0 and row["x"] + row["width"] <= 390 and row["height"] < 400
    assert runs_table(page).locator("thead small").first.is_hidden()
    head(page, "steps").locator("button").click()
    assert names(page)[0] == "run-24"
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    roles = {node.get("role", {}).get("value") for node in tree}
    assert {"table", "row", "cell", "rowheader", "columnheader"} <= roles, "still a table for screen readers"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_without_javascript_everything_is_there(opened, start, size):
    page = opened(start, java_script_enabled=False)
    page.set_viewport_size(size)
    assert names(page) == [f"run-{i}" for i in range(25)] and page.locator("button").count() == 0
    assert page.locator("#runs h4").all_text_contents() == [
        "Comparable: same books, same split",
        "Not comparable with those: other books or another split",
    ]
    page.locator("#runs .meanings summary").click()
    assert page.locator("#runs .meanings dd").first.is_visible()


def test_on_paper_nothing_is_folded(opened, start):
    page = opened(start)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(names(page)) == 25 and page.locator(".rest").is_hidden()
    assert page.locator("#runs .meanings dd").first.is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.locator("#runs .meanings dd").first.is_hidden()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, start, scheme, size):
    page = opened(start, color_scheme=scheme, bypass_csp=True)
    page.set_viewport_size(size)
    page.reload()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert accessibility(page) == []


def test_light_and_dark_differ(opened, start):
    page = opened(start)
    shades = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shades.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert shades == ["rgb(253, 252, 248)", "rgb(27, 26, 24)"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_text_is_smaller_than_twelve_pixels(opened, start, size):
    page = opened(start)
    page.set_viewport_size(size)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    small = page.evaluate("""() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || parent.closest("script, style")) continue;
        if (parseFloat(getComputedStyle(parent).fontSize) < 12) found.push(walker.currentNode.data);
      }
      return found;
    }""")
    assert small == []


def test_the_slower_ones_of_twenty_machines_are_folded(opened, many):
    page = opened(many)
    bars = page.locator("#machines .times > div")
    assert bars.count() == 40 and sum(bar.is_visible() for bar in bars.all()) == 8
    page.locator("#machines summary").click()
    assert all(bar.is_visible() for bar in bars.all())


def test_texts_run_in_their_own_direction(opened, start):
    page = opened(start)
    quotes = page.locator(".card blockquote")
    assert quotes.nth(1).get_attribute("lang") == "ar"
    assert [quote.evaluate("e => getComputedStyle(e).direction") for quote in quotes.all()] == ["ltr", "rtl"]


def test_in_a_sandbox(opened, start, tmp_path):
    viewer = tmp_path / "viewer.html"
    viewer.write_text(VIEWER.format(html.escape(start.read_text(encoding="utf-8"))), encoding="utf-8")
    frame = opened(viewer).frame_locator("iframe")
    frame.locator("#runs table").first.get_by_role("button", name="steps").click()
    assert frame.locator("#runs tbody tr th bdi").first.text_content() == "run-24"


def test_hostile_names_are_shown_and_do_nothing(opened, hostile):
    page = opened(hostile)
    assert page.locator(".card h2").text_content() == HOSTILE.replace("\0", "␀")
    head(page, "steps").locator("button").click()
    assert page.evaluate("document.querySelectorAll('img, iframe, script:not(:last-of-type)').length") == 0
    assert page.locator(".verdict").is_visible()


def test_thirty_collections_open_fast(opened, many):
    """The script has done its work within a second; of two tries the best, as other work takes its time too."""
    page, times = opened(many), []
    for _ in range(2):
        page.reload()
        times.append(page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
    assert min(times) < 1000
    page.get_by_role("link", name="Collection 17", exact=True).first.click()
    assert page.evaluate("document.querySelector(':target').id") == "card-18"
    assert page.locator("#runs table").first.is_hidden(), "the tables of many collections are folded"
    page.locator("#runs summary").first.click()
    assert len(names(page)) == 20
