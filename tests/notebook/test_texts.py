"""What a notebook shows of a text: its words exactly, its sources, nothing that runs, in colours that can be read."""

import html
import json
import re

import pytest
from click.testing import CliRunner

from poet.attribution.build_index import index_books
from poet.cli import main
from poet.errors import DataError
from poet.notebook.texts import GREY, HUES, OPACITY, Text, samples, trace, write
from poet.params.model import ModelConfig
from poet.results.attribution import AttributedSample, write_attribution
from poet.results.samples import write_samples
from poet.tokenizers.kinds import train_tokenizer
from tests.recipes import CHAR
from tests.report.shelf import HOSTILE, a_sample, made_up_results
from tests.report.test_charts import contrast
from tests.report.test_render import Texts
from tests.stages.shelf import write_clean
from tests.stages.small import COLLECTION, save_untrained, write_params
from tests.texts import babble

BOOK = babble(1, 2000)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose collection is built, from a folder in it."""
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    write_params(tmp_path / "params.yaml", ["The "])
    train_tokenizer([BOOK], CHAR).save(str(tmp_path / "tokenizer.json"))
    config = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=16)
    save_untrained(tmp_path / "models" / COLLECTION, tmp_path / "tokenizer.json", config)
    write_clean(tmp_path / "data" / "clean" / COLLECTION, {"one": BOOK})
    index_books([("one", BOOK)], tmp_path / "data" / "index" / COLLECTION)
    return tmp_path


def test_it_writes_what_the_command_writes(project):
    text = write("The ", COLLECTION, tokens=40, temperature=0.7, seed=5)
    options = ["--collection", COLLECTION, "--tokens", "40", "--temperature", "0.7", "--seed", "5", "--json"]
    expected = json.loads(CliRunner().invoke(main, ["generate", "The ", *options]).output)["text"]
    assert text.shown.sample.text == expected and repr(text).startswith("The ")


def test_a_quotation_is_shown_with_its_place(project):
    quoted = BOOK[500:600]
    page = trace(f"zzz {quoted} zzz", COLLECTION)._repr_html_()
    assert "<cite><bdi>One</bdi></cite>" in page and f"{100 * 500 / len(BOOK):.0f}&nbsp;% into the book" in page
    (tinted,) = re.findall(r'<span title="One"[^>]*>(.*?)</span>', page, re.DOTALL)
    assert html.unescape(tinted) in quoted and len(tinted) > 80
    assert "<cite>" not in trace("zzz", COLLECTION)._repr_html_()


def test_the_samples_of_a_build_are_those_of_its_files(project):
    folder = project / "reports" / COLLECTION
    with pytest.raises(DataError, match=f"{COLLECTION} is not built"):
        samples(COLLECTION)
    write_samples(folder / "samples.jsonl", [a_sample("one"), a_sample("two", sample=1)])
    rows = [AttributedSample(sample=number, spans=(), near=()) for number in (0, 1)]
    write_attribution(folder / "attribution.jsonl", rows)
    assert list(map(repr, samples(COLLECTION))) == ["The one", "The two"]


def test_hostile_titles_and_texts_stay_text():
    shown = made_up_results(samples=1, hostile=True).samples[0]
    page = Text(shown=shown, min_length=20)._repr_html_()
    parser = Texts("none")
    parser.feed(page)
    assert parser.active == [] and "<script" not in page and "\0" not in page
    assert str(html.escape("<img src=x")) in page
    paragraph = re.search(r"<p dir=[^>]*>(.*?)</p>", page, re.DOTALL)[1]
    words = html.unescape(re.sub("<sup.*?</sup>|<[^>]*>", "", paragraph))
    assert words == (shown.sample.prompt + shown.sample.text).replace("\0", "␀")
    assert "\x1b" not in repr(Text(shown=shown, min_length=20)), "a terminal would obey it"
    assert HOSTILE not in page


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (255, 33), (30, 230), (0, 255), (56, 213)])
def test_words_can_be_read_on_every_tint_in_light_and_dark_notebooks(paper, ink):
    """The papers and inks of Jupyter, Colab and VS Code, as grey values."""
    for hue in (*HUES, GREY):
        blended = [round(OPACITY * int(part) + (1 - OPACITY) * paper) for part in hue.split()]
        background = "#" + "".join(f"{part:02x}" for part in blended)
        assert contrast(background, "#" + f"{ink:02x}" * 3) >= 4.5, (hue, paper)
