"""Stage tokenize: train a tokenizer on the training text, or take that of another model, and write all splits as token
files.
"""

from pathlib import Path

import click

from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.books.split import split_books
from poet.cleaning.duplicates import Leak, find_leaks
from poet.costs import records_cost
from poet.files import replacing_folder
from poet.params.file import load_params
from poet.params.sections import Params
from poet.progress import log, progress_bar
from poet.results.model_folder import TOKENIZER, require_start
from poet.tokenizers.kinds import kind_of, train_tokenizer
from poet.tokenizers.tokenizer import load_tokenizer
from poet.tokenizers.training_text import training_sample
from poet.tokens.token_writer import TokenFilesWriter, check_weights

# Books that are named when their validation text is trained on elsewhere.
MAX_LEAKS = 5

PATH = click.Path(path_type=Path)


@click.command(
    epilog="Example: python -m stages.tokenize --collection shakespeare --clean data/clean/shakespeare --out tokens"
)
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--clean", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
@records_cost
def main(params: Path, collection: str, clean: Path, out: Path) -> None:
    """Train a tokenizer on the training text and encode all splits."""
    settings = load_params(params)
    weights = settings.collection(collection).weights
    books = read_manifest(clean / MANIFEST, CleanBook)
    check_weights(weights, [book.id for book in books])

    # Validation text that is also in the training text of another book would make the bits per character a lie.
    leaks = find_leaks(
        (book.id, book.training, book.validation or book.held_out) for book in split_books(clean, settings.split)
    )
    warn_of_leaks(leaks)

    total = sum(book.characters for book in books)
    with replacing_folder(out) as folder:
        writer = token_writer(folder, clean, settings)
        with progress_bar("encode", total) as advance:
            for book in split_books(clean, settings.split):
                writer.add(book, weights.get(book.id, 1.0))
                advance(book.row.characters)
        meta = writer.finish([leak.to_json() for leak in leaks])

    train = meta["splits"]["train"]
    log(
        f"{meta['vocab_size']:,} tokens in the vocabulary, {train['tokens']:,} to train on, "
        f"{train['characters'] / train['tokens']:.2f} characters each"
    )
    if train["unknown_tokens"]:
        share = train["unknown_characters"] / train["characters"]
        log(f"{train['unknown_tokens']:,} tokens are unknown words: {share:.1%} of the characters are lost")


def token_writer(folder: Path, clean: Path, settings: Params) -> TokenFilesWriter:
    """A writer to `folder` with a new tokenizer for the books in `clean`, or that of the model that training starts
    from.
    """
    start, tokenize = settings.train.start, settings.tokenize
    if start is None:
        # The tokenizer sees training text only: validation text would make the bits per character a lie.
        sample = training_sample(clean, settings.split, tokenize.train_characters)
        return TokenFilesWriter(folder, train_tokenizer(sample, tokenize), tokenize.kind)
    require_start(start)
    log(f"the tokenizer is that of {start} (train.init_from): the section tokenize has no effect")
    tokenizer = load_tokenizer(start / TOKENIZER)
    return TokenFilesWriter(folder, tokenizer, kind_of(tokenizer), start / TOKENIZER)


def warn_of_leaks(leaks: list[Leak]) -> None:
    """Log the largest of `leaks`, and the number of all."""
    for leak in leaks[:MAX_LEAKS]:
        log(
            f"{leak.share:.1%} of the text of {leak.book} that is not trained on stands in the training text of "
            f"{leak.other}: its bits per character are too good. Remove one of the two, or hold both out"
        )
    if len(leaks) > MAX_LEAKS:
        log(f"{len(leaks) - MAX_LEAKS:,} more pairs of books like these")


if __name__ == "__main__":
    main()
