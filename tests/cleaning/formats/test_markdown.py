"""Markdown as people write it: notes lose their marks and keep their words, code and addresses."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.cleaning.formats.markdown import markdown_to_text

NOTE = """---
tags: [a]
aliases:
  - b
---
# Title

- [[Link|alias]] and **bold** _em_ snake_case_name
- [ ] a task
1984. A number

```py
x_1 = 2 * 3
```
> quote

| a | b |
|---|---|
| 1 | 2 |

Some `code` and http://a_b.c/d_e_f and 2 * 3 * 4. ![[img.png]]
==hl== #tag [shown](http://hidden.org) <b>and</b> <http://seen.org>&amp;

    indented verse
<script>PROGRAM</script>
<!-- COMMENT -->
"""


def test_a_note_becomes_running_text():
    assert markdown_to_text(NOTE) == (
        "Title\n\nalias and bold em snake_case_name\na task\n\n1984. A number\n\nx_1 = 2 * 3\n\nquote\n\na\tb\n1\t2\n\n"
        "Some code and http://a_b.c/d_e_f and 2 * 3 * 4.\nhl #tag shown and http://seen.org&\n\nindented verse\n"
    )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("+++\ntitle = 'x'\n+++\nText\n", "Text\n"),
        ("---\r\ntitle: x\r\n---\r\nText\n".replace("\r", ""), "Text\n"),
        ("---\nNo key here\n---\nText\n", "No key here\n\nText\n"),  # two rules, or a heading: both are text
        ("Text\n\n---\nkey: value\n---\n", "Text\n\nkey: value\n"),
        ("---\nkey: value\n", "key: value\n"),  # never closed
        ("> " * 40 + "deep\n", "deep\n"),
        ("one  \ntwo\\\nthree\n", "one\ntwo\nthree\n"),
        ("", "\n"),
    ],
)
def test_front_matter_and_line_ends(text, plain):
    assert markdown_to_text(text) == plain


@given(
    st.lists(
        st.text(alphabet="ab_c Мир吾", min_size=1).filter(lambda x: x.strip() == x and "_ " not in f"{x} "), max_size=4
    )
)
def test_words_survive(paragraphs):
    paragraphs = [f"a{paragraph}a" for paragraph in paragraphs]
    assert markdown_to_text("\n\n".join(paragraphs)).split() == " ".join(paragraphs).split()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("> [!note]- A title\n> Words.\n", "A title\nWords.\n"),
        ("# One {#first}\n\nTwo {% raw %}three{{< figure src=x >}}.\n{: .cls}\n", "One\n\nTwo three.\n"),
        ("`{% raw %}` and {curly}\n", "{% raw %} and {curly}\n"),
        ("One[^1].\n\n[^1]: <http://a.b/c>\n\n[^2]: Word\n", "One[^1].\n\n[^1]: http://a.b/c\n\n[^2]: Word\n"),
        ("[x]: http://a.b\n\nSee [x] and \\*this\\*.\n", "See x and *this*.\n"),
    ],
)
def test_marks_of_programs_and_footnotes(text, plain):
    assert markdown_to_text(text) == plain


def test_a_paragraph_of_many_links_is_read_in_pieces():
    links = [f"[page {n}](http://a.b/{n}) `x[{n}]`" for n in range(1000)]
    assert markdown_to_text(" ".join(links)) == " ".join(f"page {n} x[{n}]" for n in range(1000)) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        "---\n" + "   \n" * 20_000 + "x",
        "== " * 5_000,
        "Words. \n\n" * 2_000,
        *(
            mark * 10_000
            for mark in ("[", "![", "[[a|", "[a][", "[a](", "*a ", "a`", "<", "](", "<![CDATA[", "> [", "{%")
        ),
    ],
)
def test_time_is_linear(text):
    start = time.process_time()
    markdown_to_text(text)
    assert time.process_time() - start < 3
