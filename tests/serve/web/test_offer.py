"""A book comes out of the index as it went in, whatever its characters, and lies in whichever shard."""

import pytest

from poet.attribution.build_index import index_books
from poet.attribution.index import open_index
from poet.serve.web.offer import book_text
from poet.serve.web.policy import page_policy

BOOKS = {
    "plain": "the old king\n" * 50,
    "letters": "日本語 é e\u0301 👩‍👩‍👧 \u202e\x00\r\n" * 20,
    "half": "a\ud800b",
    "last": "z",
}


@pytest.mark.parametrize("largest", [1 << 20, 900])
def test_books_come_out_as_they_went_in(tmp_path, largest):
    index_books(BOOKS.items(), tmp_path / "index", largest=largest)
    index = open_index(tmp_path / "index")
    assert (len(index.exact) > 1) == (largest == 900)
    for name, text in BOOKS.items():
        assert book_text(index, name) == text.replace("\ud800", "\ufffd")


def test_the_policy_takes_the_page_as_a_browser_reads_it():
    page = "<script>if (a < b && c) '</p>'</script><SCRIPT type=module>\n</SCRIPT><p>script</p><style></style>"
    policy = page_policy(page)
    assert policy.count("'sha256-") == 3 and "unsafe" not in policy
    assert page_policy("<p>").count("'none'") == 6
