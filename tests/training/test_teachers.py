"""Teachers: the gradient is that of the mixed loss, trainings resume to the byte, nothing of a teacher is left."""

import dataclasses
import signal
import time

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from poet.errors import Interrupted
from poet.model.loss import TAUGHT, Expected, capped_cross_entropy
from poet.training import loop, predictions, teachers, yardstick
from poet.training.distributed import World
from poet.training.step import Trainer
from tests.recipes import MUON, TRAIN
from tests.tiny import CONFIG, VOCAB_SIZE, generator, tiny_model
from tests.training.runs import interrupt_at, run, snapshots_of, start, train_command

TWO = dataclasses.replace(TRAIN, teachers=2, teacher_steps=40)


@pytest.fixture(autouse=True)
def without_yardstick(monkeypatch):
    """Each training measures what the machine can do at most, which takes up to a second and is of no use here."""
    monkeypatch.setattr(yardstick, "matmul_flops_per_second", lambda device, dtype: 1e11)


@pytest.mark.parametrize("cap", [0.0, 15.0])
@pytest.mark.parametrize("listed", [None, 1, 4, 11])
def test_the_gradient_is_that_of_the_mixed_loss(cap, listed, monkeypatch):
    """Against autograd on the written-out loss, over several chunks; the value stays that of the text alone."""
    monkeypatch.setattr("poet.model.loss.CHUNK_LOGITS", {"cpu": 4 * 11})
    monkeypatch.setattr("poet.model.loss.BLOCK_LOGITS", {"cpu": 8 * 11})
    hidden, head = torch.randn(30, 5, generator=generator(1)), 3 * torch.randn(11, 5, generator=generator(2))
    targets = torch.randint(11, (30,), generator=generator(3))
    expected, mixture = None, F.one_hot(targets, 11).float()
    if listed is not None:
        likeliest = torch.randn(30, 11, generator=generator(4)).softmax(-1).topk(listed)
        expected = Expected(likeliest.indices, likeliest.values)
        # What is not listed of the probabilities is left to the token of the text.
        mixture *= 1 - TAUGHT * likeliest.values.sum(-1, keepdim=True)
        mixture.scatter_add_(1, likeliest.indices, TAUGHT * likeliest.values)
        torch.testing.assert_close(mixture.sum(-1), torch.ones(30))
    gradients = []
    for way in ("ours", "written out"):
        x, w = hidden.clone().requires_grad_(), head.clone().requires_grad_()
        logits = cap * torch.tanh(x @ w.T / cap) if cap else x @ w.T
        loss = F.cross_entropy(logits, mixture)
        if way == "ours":
            loss = capped_cross_entropy(x, w, targets, cap, expected=expected)
            torch.testing.assert_close(loss, F.cross_entropy(logits, targets))
        loss.backward()
        gradients.append((x.grad, w.grad))
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("changes", [{"accumulate": 2}, {"state_windows": 2}, {"accumulate": 2, "state_windows": 2}])
def test_parts_of_a_batch_get_what_is_expected_of_them(changes):
    """A batch in parts has the gradients of the whole, also where it is cut into windows."""
    windows, T = changes.get("state_windows", 1), CONFIG.sequence_len
    inputs = torch.randint(VOCAB_SIZE, (4, windows * T), generator=generator(6))
    drawn = torch.randn(4, windows * T, VOCAB_SIZE, generator=generator(7)).softmax(-1).topk(3)
    expected, gradients = Expected(drawn.indices, drawn.values), []
    for settings in (changes, {}):
        # Without parts, each window is a row of its own.
        shape = (4, windows * T) if settings else (4 * windows, T)
        model = tiny_model()
        Trainer(model, MUON, torch.float32, world=World(device=torch.device("cpu")), **settings).backward(
            inputs.view(shape), inputs.view(shape), Expected(*(tensor.view(*shape, 3) for tensor in expected))
        )
        gradients.append([parameter.grad for parameter in model.parameters()])
    torch.testing.assert_close(*gradients)


def test_the_model_learns_from_the_teachers_of_their_seeds(tokens, tmp_path, monkeypatch):
    """What each teacher is, seen where its predictions are written: the training of that seed and length alone."""
    seen, write = [], teachers.write_predictions

    def spy(models, *arguments, **keys):
        seen.append(models)
        write(models, *arguments, **keys)

    monkeypatch.setattr(teachers, "write_predictions", spy)
    taught = run(tokens, tmp_path / "taught", TWO)
    assert taught != run(tokens, tmp_path / "alone", TRAIN)
    assert [len(models) for models in seen] == [2]
    for number, teacher in enumerate(seen[0], start=1):
        folder = tmp_path / f"teacher-{number}"
        seed = TRAIN.seed + number * teachers.SEED_STEP
        run(tokens, folder, dataclasses.replace(TRAIN, seed=seed, steps=TWO.teacher_steps))
        for name, tensor in load_file(folder / "model/model.safetensors").items():
            assert torch.equal(teacher.state_dict()[name], tensor), name


@pytest.mark.parametrize("training", [0, 1, 2])
def test_an_interrupted_training_ends_like_an_uninterrupted_one(tokens, tmp_path, training, monkeypatch):
    """Interrupted in the first teacher, in the second and in the model itself, each at a validation."""
    expected = run(tokens, tmp_path / "whole", TWO)
    validations, validate = [], loop._validate

    def validate_and_interrupt(current):
        validate(current)
        validations.append(current.step)
        if validations.count(TRAIN.validate_every) == training + 1 and current.step == TRAIN.validate_every:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(loop, "_validate", validate_and_interrupt)
    with pytest.raises(Interrupted):
        run(tokens, tmp_path / "parts", TWO)
    monkeypatch.setattr(loop, "_validate", validate)
    assert run(tokens, tmp_path / "parts", TWO) == expected
    histories = [(tmp_path / name / "history.csv").read_bytes() for name in ("whole", "parts")]
    assert histories[0] == histories[1]
    assert not list((tmp_path / "parts/resume").glob("*/teacher-*")), "snapshots go when the model is there"


def test_what_was_predicted_is_not_predicted_again(tokens, tmp_path, capsys):
    """Interrupted in the model itself: teachers and their predictions are there, and go when the model is there."""
    with pytest.raises(Interrupted):
        run(tokens, tmp_path / "out", TWO, tracker=interrupt_at(TRAIN.steps // 2))
    assert list((tmp_path / "out/resume").glob(f"*/{teachers.PREDICTIONS}"))
    capsys.readouterr()
    run(tokens, tmp_path / "out", TWO)
    said = capsys.readouterr().err
    assert "teacher" not in said and said.count(f"continuing from step {TRAIN.steps // 2} of {TRAIN.steps}") == 1
    assert not list((tmp_path / "out/resume").iterdir())


def test_finished_teachers_are_not_trained_again(tokens, tmp_path, monkeypatch, capsys):
    """Interrupted while the predictions are written, which are then computed anew."""
    expected = run(tokens, tmp_path / "whole", TWO)
    compute = predictions._expected

    def compute_and_interrupt(*arguments):
        signal.raise_signal(signal.SIGTERM)
        return compute(*arguments)

    monkeypatch.setattr(predictions, "_expected", compute_and_interrupt)
    with pytest.raises(Interrupted):
        run(tokens, tmp_path / "out", TWO)
    monkeypatch.setattr(predictions, "_expected", compute)
    capsys.readouterr()
    assert run(tokens, tmp_path / "out", TWO) == expected
    assert capsys.readouterr().err.count(f"continuing from step {TWO.teacher_steps} of {TWO.teacher_steps}") == 2


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_training_that_is_killed_in_its_second_teacher_ends_like_one_that_was_not(tokens, tmp_path, processes):
    """As commands: killed by SIGKILL as soon as the second teacher has saved a snapshot."""
    changes = {"teachers": 2, "processes": processes}
    whole = start(tmp_path, train_command(tmp_path, tokens, "whole", **changes))
    said = whole.communicate()[1]
    assert whole.returncode == 0, said
    other = tmp_path / "other"
    other.mkdir()
    killed = start(other, train_command(other, tokens, "killed", **changes))
    deadline = time.monotonic() + 120
    while not list((other / ".poet/resume").glob("*/teacher-2/step-*")):
        assert killed.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    killed.kill()
    killed.communicate()
    again = start(other, train_command(other, tokens, "killed", **changes))
    said = again.communicate()[1]
    assert again.returncode == 0, said
    assert "continuing from step" in said and not snapshots_of(other)
    models = [(folder / "model/model.safetensors").read_bytes() for folder in (tmp_path / "whole", other / "killed")]
    assert models[0] == models[1]
