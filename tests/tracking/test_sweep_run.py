"""The record by which a run becomes the parent of others: what the spool takes for one, and what for damage."""

import json

import pytest

from poet.tracking.spool import read_records


@pytest.mark.parametrize(
    ("children", "is_record"),
    [
        ([], True),
        ([{"poet.model_sha256": "ab"}, {"poet.experiment": "steps=20", "poet.baseline": "cd"}], True),
        (["ab"], False),
        ([{"poet.model_sha256": 3}], False),
        ({"poet.model_sha256": "ab"}, False),
    ],
)
def test_children_are_sets_of_tags(tmp_path, children, is_record):
    spool = tmp_path / "mine.sweep.steps-1.0.jsonl"
    spool.write_text(json.dumps({"children": children}) + "\n", encoding="utf-8")
    ((record, _),) = read_records(spool)
    assert (record is not None) == is_record
