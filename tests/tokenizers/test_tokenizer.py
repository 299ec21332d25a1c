"""Loading a tokenizer: what is damaged or foreign is named."""

import pytest
from tokenizers import Tokenizer, models

from poet.errors import DataError
from poet.tokenizers.tokenizer import load_tokenizer


@pytest.mark.parametrize("content", ["", "{", '{"version": "1.0"}'])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"tokenizer\.json is not a tokenizers file"):
        load_tokenizer(path)


def test_a_foreign_tokenizer_is_refused(tmp_path):
    Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(DataError, match="another program"):
        load_tokenizer(tmp_path / "tokenizer.json")
