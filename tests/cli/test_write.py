"""`poet write` as a person uses it, in a real pseudo-terminal, and as a program does, through pipes."""

import json
import os
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from poet.attribution.spans import find_spans
from poet.cli.write_screen import Numbers, rows, tinted
from poet.results.attribution import Source
from poet.serve.tickets import Spans
from tests.cli.terminal import CTRL_C, CTRL_D, UP, terminal
from tests.clone import ROOT
from tests.serve.small import BOOKS
from tests.serve.web.running import alone as exactly
from tests.serve.web.running import small_poet


def alone(poet, prompt, **settings):
    """What `poet generate` writes."""
    return exactly(poet, prompt, None, **settings)


def options(trained, *more):
    return ["write", "--model", str(trained / "model"), "--index", str(trained / "index"), *more]


def piped(trained, content, *more):
    """What the command does with `content` as its input."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "poet.cli", *options(trained, *more)]
    content = content if isinstance(content, bytes) else content.encode()
    return subprocess.run(command, input=content, capture_output=True, cwd=ROOT, env=environment, timeout=120)


def squeezed(text):
    """`text` without blanks, line ends and numbers of books: what wrapping changes."""
    return re.sub(r"\s+|\[\d+\]", "", text)


def test_a_person_writes_looks_and_goes_another_way(trained, tmp_path):
    poet = small_poet(trained, min_length=20)
    with terminal(options(trained, "--tokens", "200", "--temperature", "0.5"), tmp_path) as screen:
        assert screen.wait_for_prompt()[0].startswith("model. Type how a text begins")
        lines = screen.ask("the old ")
        text = alone(poet, "the old ", max_new_tokens=200, temperature=0.5)
        expected = find_spans(poet.index, text, 20)
        assert expected, "else no colours are compared"
        legend = [line for line in lines if re.fullmatch(r"\[\d\] (winter|ship)", line)]
        assert len(legend) == len({span.sources[0].book for span in expected})
        shown = "".join(line for line in lines if line not in legend)
        assert squeezed(shown) == squeezed("the old " + text)
        # A passage is in the colour of its book; where passages overlap, the first keeps its characters.
        covered = {place for span in expected for place in range(span.start, span.end)}
        tinted_text = "".join(text[place] for place in sorted(covered))
        coloured = screen.coloured(lines=slice(2, 2 + len(lines) - len(legend)))
        assert sorted(squeezed(coloured)) == sorted(squeezed(tinted_text))

        sources = screen.ask("/sources")
        assert sum("% of the book" in line for line in sources) == len(expected)
        for span in expected:
            assert squeezed(text[span.start : span.end]) in squeezed("".join(sources)).replace("⏎", "")

        offered = screen.ask("/else 3")
        assert offered[0].startswith(f"token 3 is {text[2].strip()}") and len(offered) == 10
        other = offered[2].rpartition("%")[2].strip()
        branched = screen.ask("/take 2")
        assert squeezed("".join(branched)).startswith(squeezed("the old " + text[:2] + other).replace("⏎", ""))
        again = screen.ask("/again")
        seed_two = alone(poet, "the old ", max_new_tokens=200, temperature=0.5, seed=2)
        assert squeezed("".join(again)).startswith(squeezed("the old " + seed_two))
        screen.type("/quit\n")
        assert screen.ends_with() == 0


def test_ctrl_c_stops_the_text_and_not_the_program(trained, tmp_path):
    with terminal(options(trained, "--tokens", "1000", "--temperature", "1.0"), tmp_path) as screen:
        screen.wait_for_prompt()
        # Python loses a signal that comes after the prompt is shown and before it waits for a key.
        time.sleep(0.5)
        screen.type(CTRL_C)
        screen.wait(lambda lines: "/quit or Ctrl-D ends." in lines and lines[-1] == ">")
        screen.type("the old \n")
        screen.wait(lambda lines: len(lines) > 6)
        screen.type(CTRL_C)
        begin = time.monotonic()
        lines = screen.wait(lambda lines: lines[-1] == ">")
        assert time.monotonic() - begin < 5
        assert screen.process.poll() is None
        # What there is of the text can still be looked at.
        written = squeezed("".join(lines[lines.index("> the old") + 1 : -1]))
        written = re.sub(r"\[\d\](winter|ship)", "", written)
        whole = alone(small_poet(trained), "the old ", max_new_tokens=1000, temperature=1.0)
        assert squeezed("the old " + whole).startswith(written[: written.find("^C")] if "^C" in written else written)
        assert len(screen.ask("/tokens")) > 2
        assert any("tokens 10 " in line for line in screen.ask("/set tokens 10"))
        assert screen.ask("ship")
        screen.type(CTRL_D)
        assert screen.ends_with() == 0
        assert b"Traceback" not in screen.raw


def test_settings_mistakes_and_history(trained, tmp_path):
    with terminal(options(trained, "--tokens", "10"), tmp_path) as screen:
        screen.wait_for_prompt()
        for line, answer in {
            "/set temperature hot": "temperature should be a number, got 'hot'",
            "/set heat 3": "there is no setting 'heat'",
            "/set temperature 99": "temperature should be less than or equal to 10, got 99.0",
            "/set temperature 0.5": "temperature 0.5  top_k 0",
            "/seed 7": "seed 7",
            "/take 1": "there is no text yet",
            "/else": "there is no text yet",
            "/nonsense": "there is no command /nonsense",
            "/help": "a text that begins with a slash",
        }.items():
            assert any(answer in row for row in screen.ask(line)), answer
        assert screen.ask("the old ")
        screen.type("/quit\n")
        assert screen.ends_with() == 0
    with terminal(options(trained, "--tokens", "10"), tmp_path) as screen:
        screen.wait_for_prompt()
        screen.type(UP + UP)
        screen.wait(lambda lines: lines[-1] == "> the old")
    assert (tmp_path / "torch-transformer-poet" / "write_history").stat().st_mode & 0o777 == 0o600


def test_a_text_that_is_longer_than_the_screen_is_printed_once(trained, tmp_path):
    with terminal(options(trained, "--tokens", "400", "--temperature", "0.5"), tmp_path, columns=40, rows=12) as screen:
        screen.wait_for_prompt()
        screen.type("the old \n")
        screen.wait(lambda lines: len(lines) == 12)
        lines = screen.wait_for_prompt()
        text = alone(small_poet(trained), "the old ", max_new_tokens=400, temperature=0.5)
        shown = squeezed("".join(line for line in lines if not line.startswith(("[1] ", "[2] ", ">"))))
        assert squeezed(text).endswith(shown[-100:]) and len(lines) >= 10


def test_lines_of_a_program_become_texts(trained):
    content = "the old \n\n/set temperature 0.5\nship\\nof\n//slash\n"
    done = piped(trained, content, "--tokens", "30")
    assert (done.returncode, done.stderr) == (0, b"")
    poet, out = small_poet(trained), done.stdout.decode()
    texts = [
        "the old " + alone(poet, "the old ", max_new_tokens=30),
        "ship\nof" + alone(poet, "ship\nof", max_new_tokens=30, temperature=0.5),
        "/slash" + alone(poet, "/slash", max_new_tokens=30, temperature=0.5),
    ]
    assert "\x1b" not in out, "no colours where there is no terminal"
    place = 0
    for text in texts:
        place = out.index(text + "\n\n", place)


def test_json_is_for_programs(trained):
    done = piped(trained, "the old \n", "--tokens", "300", "--temperature", "0.5", "--json")
    (line,) = done.stdout.decode().splitlines()
    row = json.loads(line)
    poet = small_poet(trained, min_length=20)
    assert row["text"] == alone(poet, "the old ", max_new_tokens=300, temperature=0.5)
    expected = find_spans(poet.index, row["text"], 20)
    assert [(span["start"], span["end"]) for span in row["spans"]] == [(span.start, span.end) for span in expected]
    for span in row["spans"]:
        source = span["sources"][0]
        assert BOOKS[source["book"]][source["start"] : source["end"]] == row["text"][span["start"] : span["end"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"the \nold \xff\n", "line 2 is not UTF-8 (byte 4)"),
        (b"/nope\n", "line 1: there is no command /nope"),
        (b"a" * 20_000 + b"\n", "line 1: prompt 1 should have 1 to 10,000 characters"),
        (b"/nope\x1b[31m\n", "there is no command /nope\ufffd[31m"),
    ],
    ids=["bytes", "command", "long", "escape"],
)
def test_a_line_that_cannot_be_used_is_one_message(trained, content, message):
    done = piped(trained, content, "--tokens", "3")
    assert done.returncode == 1 and message in done.stderr.decode()
    assert b"Traceback" not in done.stderr and b"\x1b" not in done.stdout + done.stderr


def test_a_hostile_line_reaches_no_terminal(trained):
    done = piped(trained, "\x1b[2J\x9b31m\u202eevil\x07\n".encode(), "--tokens", "5", "--temperature", "2")
    assert done.returncode == 0
    assert not set(done.stdout.decode()) & {*map(chr, range(9)), "\x1b", "\x07", "\x9b", "\u202e"}


def test_a_collection_is_found_with_its_titles(built, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "poet.cli", "write", "--collection", "shakespeare", "--tokens", "20", "--json"]
    done = subprocess.run(command, input=b"ACT I\n", capture_output=True, cwd=built, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["prompt"] == "ACT I"
    wrong = subprocess.run(
        [*command[:-3], "--model", "x"], capture_output=True, cwd=built, env=environment, timeout=120
    )
    assert wrong.returncode == 2 and b"name one model" in wrong.stderr


@given(st.text(st.sampled_from("ab \n日é"), max_size=60), st.integers(4, 12))
def test_rows_fit_and_lose_only_blanks_and_line_ends(text, width):
    found = rows(text, width)
    assert all(cell_len(text[start:end]) <= width for start, end in found)
    edges = [0, *(edge for pair in found for edge in pair), len(text)]
    between = [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]
    assert set(between) <= {"", " ", "\n"}
    # What is settled stays: the rows of a beginning are those of the whole, up to the last one.
    half = rows(text[: len(text) // 2], width)
    assert found[: len(half) - 1] == half[:-1]


@given(st.text("ab\n", max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=5))
def test_passages_are_tinted_where_they_are(text, places):
    class One:
        def __init__(self, start, end):
            self.start, self.end = start, end
            self.sources = (Source(book="x", start=0, end=1, count=1),)

    spans = [One(start, min(start + size, len(text))) for start, size in sorted(places) if start < len(text)]
    spans = [span for number, span in enumerate(spans) if not number or span.end > spans[number - 1].end]
    shown, at = tinted("P ", text, Spans(spans=tuple(spans)), Numbers())
    assert shown.plain.replace("[1]", "") == "P " + text
    assert len(at) == len(text) + 1 and all(
        shown.plain[place] == letter for place, letter in zip(at, text, strict=False)
    )
    covered = {place for span in spans for place in range(span.start, span.end)}
    tints = {place for span in shown.spans if "on" in str(span.style) for place in range(span.start, span.end)}
    assert {at[place] for place in covered} == tints
