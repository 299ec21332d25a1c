"""All kinds of tokenizer by AutoTokenizer, for both classes of model: the same ids, and the same text from them."""

import json
import os

# Set before the library is imported: no test asks the Hub.
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
from tokenizers import Tokenizer, normalizers, processors

from poet.errors import ModelError
from poet.export.huggingface_tokenizer import TOKENIZER_CONFIG, read_tokenizer
from poet.tokenizers.kinds import KINDS
from poet.tokenizers.tokenizer import SEPARATOR, SEPARATOR_ID, decode, encode
from tests.export.hugging import exported, tokenizer_of, train_model
from tests.tiny import CONFIG, VARIANTS

transformers = pytest.importorskip("transformers")

TEXTS = {
    "English": "The old king, softly; it's 7 o'clock -- don't!",
    "German": "Ein Häuschen – „größer“ als 1 234 Straßen.",
    "Greek": "Ἄνδρα μοι ἔννεπε, Μοῦσα, πολύτροπον",
    "emoji": "sail 👩\u200d🚀 and 🇬🇷 and ❤\ufe0f!",
    "white space": "  two \t blanks\r\n\n\n end \u00a0\u3000 . \x0b",
    "Chinese": "春眠不觉晓，处处闻啼鸟。",
    "special names": "<|book|>a <|book|> <unk><0x41> </s>[CLS]",
    "decomposed": "e\u0301 é ﬁ Å",
    "nothing": "",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The export of a model with a tokenizer of each kind, made when first asked for."""
    made = {}

    def get(kind, preset):
        if (kind, preset) not in made:
            folder, config = tmp_path_factory.mktemp("models"), CONFIG if preset == "modern" else VARIANTS["classic"]
            trained = train_model(folder / "model", config, kind, steps=0)
            made[kind, preset] = trained.tokenizer, exported(folder / "out", folder / "model")
        return made[kind, preset]

    return get


@pytest.mark.parametrize("preset", ["modern", "classic"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_has_the_same_tokens_and_comes_back(folders, kind, preset):
    ours, folder = folders(kind, preset)
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    for text in TEXTS.values():
        ids = encode(ours, text).tolist()
        given = theirs(text)
        assert given["input_ids"] == ids and set(given) == {"input_ids", "attention_mask"}
        assert SEPARATOR_ID not in ids
        assert theirs.decode(ids) == decode(ours, ids)
    assert len(theirs) == ours.get_vocab_size() and theirs.convert_ids_to_tokens(SEPARATOR_ID) == SEPARATOR


def test_a_special_token_of_that_name_would_come_out_of_a_text(folders, tmp_path):
    """Why none is named: the test above can fail."""
    _, folder = folders("bpe", "modern")
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / TOKENIZER_CONFIG).read_text(encoding="utf-8"))
    (tmp_path / TOKENIZER_CONFIG).write_text(json.dumps(config | {"eos_token": SEPARATOR}), encoding="utf-8")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert SEPARATOR_ID in theirs(TEXTS["special names"])["input_ids"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_transformers_saves_is_our_tokenizer(folders, tmp_path, kind):
    ours, folder = folders(kind, "modern")
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    # What training in batches leaves behind.
    theirs.backend_tokenizer.enable_truncation(5)
    theirs.backend_tokenizer.enable_padding()
    theirs.save_pretrained(tmp_path)
    assert read_tokenizer(tmp_path / "tokenizer.json", ours.get_vocab_size()).to_str() == ours.to_str()


# What other programs do to a tokenizer: each gives some text other tokens.
FOREIGN = {
    "added_tokens": lambda tokenizer: tokenizer.add_special_tokens(["<pad>"]),
    "normalizer": lambda tokenizer: setattr(tokenizer, "normalizer", normalizers.Lowercase()),
    "post_processor": lambda tokenizer: setattr(
        tokenizer,
        "post_processor",
        processors.TemplateProcessing(single="<|book|> $A", special_tokens=[(SEPARATOR, SEPARATOR_ID)]),
    ),
}


def test_a_tokenizer_with_something_added_is_refused(folders, tmp_path):
    ours, folder = folders("bpe", "modern")
    path = tmp_path / "tokenizer.json"
    for part, change in FOREIGN.items():
        changed = Tokenizer.from_file(str(folder / "tokenizer.json"))
        change(changed)
        changed.save(str(path))
        with pytest.raises(ModelError, match=f"Other than ours are: {part}\\."):
            read_tokenizer(path, changed.get_vocab_size())
    ours.save(str(path))
    with pytest.raises(ModelError, match="tokens, and the model 9"):
        read_tokenizer(path, 9)


def last_id_skipped(content):
    vocab = content["model"]["vocab"]
    vocab[max(vocab, key=vocab.get)] += 1


def letter_renamed(content):
    vocab = content["model"]["vocab"]
    vocab["xx"] = vocab.pop("a")


def word_piece(content):
    flags = {"unk_token": "<unk>", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    content["model"] = {"type": "WordPiece", **flags, "vocab": content["model"]["vocab"]}


# Tokenizers whose token 0 is ours and that are none of ours: the kind, a change of the file, the part that is named.
NONE_OF_OURS = {
    "ids with a hole": ("byte", last_id_skipped, "model.vocab"),
    "a byte without a letter": ("byte", letter_renamed, "model.vocab"),
    "dropout": ("bpe", lambda content: content["model"].update(dropout=0.5), "model.dropout"),
    "no pre-tokenizer": ("byte", lambda content: content.update(pre_tokenizer=None), r"model \(BPE\)"),
    "words uncut": ("word", lambda content: content.update(pre_tokenizer=None), "pre_tokenizer"),
    "another decoder": ("ngram", lambda content: content.update(decoder={"type": "Fuse"}), "decoder"),
    "characters without bytes": (
        "ngram",
        lambda content: content["model"].update(byte_fallback=False),
        "pre_tokenizer, decoder, model.vocab",
    ),
    "WordPiece": ("word", word_piece, r"model \(WordPiece\)"),
}


@pytest.mark.parametrize("name", NONE_OF_OURS)
def test_what_is_none_of_ours_is_refused_before_it_fails(tmp_path, name):
    kind, change, part = NONE_OF_OURS[name]
    ours = tokenizer_of(kind)
    content = json.loads(ours.to_str())
    change(content)
    # A blank behind a full stop: no message may be cut within the path.
    path = tmp_path / "v2. new" / "tokenizer.json"
    path.parent.mkdir()
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ModelError, match=rf"v2\. new/tokenizer\.json is no tokenizer.*Other than ours are: {part}\."):
        read_tokenizer(path, ours.get_vocab_size())
    path.write_bytes(b"{")
    with pytest.raises(ModelError, match=r"v2\. new/tokenizer\.json is damaged"):
        read_tokenizer(path, ours.get_vocab_size())
