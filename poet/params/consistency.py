"""Settings that are right one by one and do not fit each other: what a late stage would stop at, said at once.

Each function looks at one kind of contradiction in all of params.yaml and yields one line for each that it finds.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from poet.errors import ConfigError
from poet.params.decided import teacher_model
from poet.params.model import ModelConfig
from poet.params.sections import GutenbergSource, Params
from poet.params.values import NO_MODEL
from poet.project import enclosing_project

# The largest number of parameters. Their float32 weights, gradients and two moments take 320 GB.
MAX_PARAMETERS = 20_000_000_000

# The tokens that are computed at once; a model of any use needs a hundred kilobytes for each.
MAX_TOKENS_AT_ONCE = 100_000_000

# The most tokens of all samples of a collection; at 1,000 a second, they take half a year.
MAX_SAMPLED = 10_000_000_000


def contradictions(params: Params) -> list[str]:
    """One line for each contradiction in `params`, with its key; none if all is well."""
    return [*_repetitions(params), *_sizes(params), *_training(params), *_states(params), *_circles(params)]


def _repetitions(params: Params) -> Iterator[str]:
    """What is named twice: DVC, or the stage that writes one file for each, would stop at it."""
    yield from _twice("build", params.build)
    for name, collection in params.collections.items():
        ids = [number for source in collection.sources if isinstance(source, GutenbergSource) for number in source.ids]
        yield from _twice(f"collections.{name}.sources", ids)


def _twice(key: str, values: Iterable[Hashable]) -> Iterator[str]:
    repeated = [repr(value) for value, count in Counter(values).items() if count > 1]
    if repeated:
        yield f"{key}: {', '.join(repeated[:5])}{' and others' if repeated[5:] else ''} named more than once"


def _sizes(params: Params) -> Iterator[str]:
    """Models and batches that no machine has the memory for."""
    train = params.train
    yield from _too_large("model", params.model, params.tokenize.vocab_size)
    rows = -(-train.batch_size // train.accumulate) * train.state_windows
    yield from _too_many("train.batch_size", rows * params.model.sequence_len)
    sample = params.sample
    prompts = max([len(sample.prompts), *(len(params.collection(name).prompts) for name in params.build)])
    sampled = prompts * len(sample.temperatures) * sample.samples * sample.tokens
    if sampled > MAX_SAMPLED:
        yield f"sample: prompts, temperatures, samples and tokens make {sampled:,} tokens; allowed are {MAX_SAMPLED:,}"


def _too_large(key: str, model: ModelConfig, vocab_size: int) -> Iterator[str]:
    # Each layer has about 12 matrices of n_embd x n_embd; embedding and head have a vector for each token.
    count = 12 * model.n_layer * model.n_embd**2 + 2 * vocab_size * model.n_embd
    if count > MAX_PARAMETERS:
        yield f"{key}: n_layer and n_embd make about {count:,} parameters; allowed are {MAX_PARAMETERS:,}"


def _too_many(key: str, tokens: int) -> Iterator[str]:
    if tokens > MAX_TOKENS_AT_ONCE:
        yield f"{key}: {tokens:,} tokens would be computed at once; allowed are {MAX_TOKENS_AT_ONCE:,}"


def _training(params: Params) -> Iterator[str]:
    """A batch that does not divide into equal parts."""
    train = params.train
    if train.batch_size % (train.accumulate * train.processes):
        yield (
            f"train.batch_size: {train.batch_size} must be a multiple of train.accumulate {train.accumulate} times "
            f"train.processes {train.processes}"
        )
    if train.teachers:
        try:
            teacher_model(params.model, train)
        except ConfigError as error:
            yield error.message.rstrip(".")


def _states(params: Params) -> Iterator[str]:
    """Yokes with state where no window follows another."""
    yoke = params.model.yoke
    if yoke and yoke.state and params.train.teachers:
        yield "train.teachers: a model with a yoke's state has none; set it to 0, or model.yoke.state to false"
    if yoke and yoke.state and params.train.state_windows == 1:
        yield (
            "train.state_windows: 1 is too few for a yoke with state, because the first window of a row has none; set "
            "it to 2 or more, or model.yoke.state to false"
        )


def _circles(params: Params) -> Iterator[str]:
    """Models that would start from themselves; DVC speaks of a cycle in its graph there."""
    if params.train.start is None:
        return
    root = enclosing_project()
    start, models = (root / params.train.start).resolve(), (root / NO_MODEL).resolve().parent
    for name in params.build:
        model = models / name
        # Also a folder in the model's, or one that holds it.
        if start.is_relative_to(model) or model.is_relative_to(start):
            yield (
                f"train.init_from: {params.train.init_from} is what the training of {name} writes, so {name} cannot "
                f"start from it; take {name} out of `build`, or copy the model to another folder and name that"
            )
