"""How MLflow shows the runs of a collection, and benchmarks: what the page says of itself, the columns of its list."""

import json
from collections.abc import Iterable
from typing import Any

from poet.tracking.figures import BITS

# The tag with the text that MLflow shows above runs, and at a run.
NOTE_TAG = "mlflow.note.content"

# The tag of every run that a stage records: the name of its collection.
COLLECTION_TAG = "poet.collection"

# The tag that MLflow shows as the user of a run.
USER_TAG = "mlflow.user"

# MLflow asks whether an experiment is about training or about calling language models; this is training.
KIND_TAG, KIND = "mlflow.experimentKind", "custom_model_development"

# MLflow keeps a view that somebody shares in a tag of the experiment, and opens it by its key in the address. The list
# of columns cannot stand in the address itself.
VIEW = "poet"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"

# The columns of the list: what was reached, what was copied, and what people change most.
METRICS = (BITS, "copying/share_at_30", "copying/human_share_at_30", "copying/longest", "speed/tokens_per_second")
PARAMS = ("model.preset", "model.n_layer", "model.n_embd", "tokenize.kind", "tokenize.vocab_size", "train.steps")

# The experiment of all benchmarks. No collection can have this name.
BENCHMARK = "benchmark"
BENCHMARK_METRICS = (
    "default/seconds_per_iteration",
    "default/tokens_per_second",
    "default/generated_per_second",
    "default/utilization",
    "71M/seconds_per_iteration",
)
BENCHMARK_PARAMS = ("setting.precision", "setting.compiled", "setting.threads", "machine.torch", "machine.processor")


def experiment_tags(experiment: str) -> dict[str, str]:
    """The tags of an experiment: of a collection, or of the benchmarks."""
    is_benchmark = experiment == BENCHMARK
    metrics, params = (BENCHMARK_METRICS, BENCHMARK_PARAMS) if is_benchmark else (METRICS, PARAMS)
    columns = [*(f"metrics.`{name}`" for name in metrics), *(f"params.`{name}`" for name in params)]
    view = {
        "orderByKey": columns[0],
        "orderByAsc": True,
        "selectedColumns": columns,
        # Wide enough for the names; without an order, MLflow sorts columns by name.
        "columnWidths": {column: max(90, 6 * len(column) - 15) for column in columns},
        "columnOrder": columns,
    }
    return {NOTE_TAG: BENCHMARK_NOTE if is_benchmark else _note(experiment), KIND_TAG: KIND, VIEW_TAG: json.dumps(view)}


BENCHMARK_NOTE = (
    "How fast the team's machines train and generate; a run is one device of one machine. Look at "
    "`default/seconds_per_iteration` first (fewer is better): an iteration of the default training, in the precision "
    "that a training would take there.\n\n"
    "- `71M` and the other groups are the reference models; `utilization` is the share of what the device reaches in a "
    "large matrix product.\n"
    "- Noisy figures are left out: the note of a run names them, with their reasons.\n\n"
    "`docs/performance.md` shows the saved machines as a table; `poet benchmark --save` adds one."
)


def _note(collection: str) -> str:
    return (
        f"Every training on `{collection}` is a run. Look at `{BITS}` first (fewer is better), then at "
        "`copying/share_at_30` beside `copying/human_share_at_30`.\n\n"
        f"- `{BITS}` is measured on text that the model never saw. It does not depend on the tokenizer, so all runs "
        "with the same dataset compare; `evaluation/best_compressor` is that of the best program.\n"
        "- `copying/share_at_30` is the share of its text in passages of 30 or more characters that are in a book; "
        "`copying/human_share_at_30` is that of the authors' own text.\n"
        "- All other figures are in the artifacts `evaluation.json`, `copying.json` and `train.json`. `index.html` is "
        "the report; `samples/` has what the model wrote.\n\n"
        "`poet runs` shows the same as a table, and `poet runs reproduce` how a run is made again."
    )


def add_missing_tags(client: Any, experiment: Any) -> None:
    """Give `experiment` the tags that it lacks, as after an older version made it; a note of a person stays."""
    for key, value in experiment_tags(experiment.name).items():
        is_ours = key == VIEW_TAG
        if key not in experiment.tags or (is_ours and experiment.tags[key] != value):
            client.set_experiment_tag(experiment.experiment_id, key, value)


def list_addresses(client: Any, collections: Iterable[str] = ()) -> dict[str, str]:
    """For each collection, the part of MLflow's address behind the server that shows its runs in the columns above.

    The collection that was trained last comes first. Its tags are made new where an older version made them. Other
    people's experiments in a database that is shared are left alone; those of `collections` belong to the project.
    """
    found, names = client.search_experiments(order_by=["last_update_time DESC"]), {*collections}
    # The benchmarks come last: a person looks for trainings.
    found = sorted(found, key=lambda one: one.name == BENCHMARK)
    ours = [one for one in found if one.name in names or VIEW_TAG in one.tags or _has_runs(client, one.experiment_id)]
    for one in ours:
        add_missing_tags(client, one)
    page = "/#/experiments/{}/runs?workflowType=machine_learning&compareRunsMode=TABLE&viewStateShareKey={}"
    return {one.name: page.format(one.experiment_id, VIEW) for one in ours}


def _has_runs(client: Any, experiment_id: str) -> bool:
    """Whether a stage of this program recorded a run in the experiment."""
    return bool(client.search_runs([experiment_id], f"tags.`{COLLECTION_TAG}` != ''", max_results=1))
