"""Teachers: the gradient is that of the mixed loss, trainings resume to the byte, nothing of a teacher is left."""

import dataclasses
import signal
import time

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from poet.errors import ConfigError, Interrupted
from poet.model.loss import TAUGHT, capped_cross_entropy
from poet.params.decided import teacher_model
from poet.training import loop, teachers, yardstick
from tests.recipes import MODEL, TRAIN
from tests.tiny import CONFIG, VOCAB_SIZE, generator, tiny_model
from tests.training.runs import interrupt_at, run, snapshots_of, start, train_command

TWO = dataclasses.replace(TRAIN, teachers=2, teacher_layers=1, teacher_heads=1, teacher_width=8, teacher_steps=40)


@pytest.fixture(autouse=True)
def without_yardstick(monkeypatch):
    """Each training measures what the machine can do at most, which takes up to a second and is of no use here."""
    monkeypatch.setattr(yardstick, "matmul_flops_per_second", lambda device, dtype: 1e11)


@pytest.mark.parametrize("cap", [0.0, 15.0])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_gradient_is_that_of_the_mixed_loss(cap, count, monkeypatch):
    """Against autograd on the written-out loss, over several chunks; the value stays that of the text alone."""
    monkeypatch.setattr("poet.model.loss.CHUNK_LOGITS", {"cpu": 4 * 11})
    monkeypatch.setattr("poet.model.loss.BLOCK_LOGITS", {"cpu": 8 * 11})
    hidden, head = torch.randn(30, 5, generator=generator(1)), 3 * torch.randn(11, 5, generator=generator(2))
    targets = torch.randint(11, (30,), generator=generator(3))
    taught = [(torch.randn(30, 5, generator=generator(4 + i)), 3 * torch.randn(11, 5)) for i in range(count)]

    def logits(x, w):
        return cap * torch.tanh(x @ w.T / cap) if cap else x @ w.T

    gradients = []
    for way in ("ours", "written out"):
        x, w = hidden.clone().requires_grad_(), head.clone().requires_grad_()
        by_text = F.cross_entropy(logits(x, w), targets)
        if way == "ours":
            loss = capped_cross_entropy(x, w, targets, cap, teachers=taught)
            torch.testing.assert_close(loss, by_text)
        elif count:
            mean = torch.stack([logits(*pair).softmax(-1) for pair in taught]).mean(0)
            loss = (1 - TAUGHT) * by_text + TAUGHT * F.cross_entropy(logits(x, w), mean)
        else:
            loss = by_text
        loss.backward()
        gradients.append((x.grad, w.grad))
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-6, rtol=1e-4)


def test_teachers_are_no_part_of_the_model():
    model, teacher = tiny_model(), tiny_model(dataclasses.replace(CONFIG, n_layer=3))
    names = list(model.state_dict())
    model.teachers = [teacher]
    assert list(model.state_dict()) == names and len(list(model.parameters())) == len(names)
    x = torch.randint(VOCAB_SIZE, (2, 12), generator=generator(5))
    model.loss(x, x)[0].backward()
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_the_model_learns_from_the_teachers_of_their_seeds(tokens, tmp_path, monkeypatch):
    """What each teacher is, seen where the model gets it: the training of that seed, size and length alone."""
    seen, prepare = [], teachers.prepare_run

    def spy(*arguments, **keys):
        seen.append(keys.get("teachers", ()))
        return prepare(*arguments, **keys)

    monkeypatch.setattr(teachers, "prepare_run", spy)
    taught = run(tokens, tmp_path / "taught", TWO)
    assert taught != run(tokens, tmp_path / "alone", TRAIN)
    assert [len(models) for models in seen] == [0, 0, 2, 0]
    for number, teacher in enumerate(seen[2], start=1):
        folder = tmp_path / f"teacher-{number}"
        seed = TRAIN.seed + number * teachers.SEED_STEP
        alone = dataclasses.replace(TRAIN, seed=seed, steps=TWO.teacher_steps)
        run(tokens, folder, alone, model=teacher_model(MODEL, TWO))
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


def test_a_size_that_does_not_fit_the_model_is_one_message(tokens, tmp_path):
    model = dataclasses.replace(MODEL, n_kv_head=2)
    with pytest.raises(ConfigError, match=r"teacher_width: 8 do not fit the section model: .*n_kv_head 2 must divide"):
        run(tokens, tmp_path / "out", TWO, model=model)


def test_finished_teachers_are_not_trained_again(tokens, tmp_path, capsys):
    with pytest.raises(Interrupted):
        run(tokens, tmp_path / "out", TWO, tracker=interrupt_at(TRAIN.steps // 2))
    capsys.readouterr()
    run(tokens, tmp_path / "out", TWO)
    said = capsys.readouterr().err
    assert said.count(f"continuing from step {TWO.teacher_steps} of {TWO.teacher_steps}") == 2
    assert said.count(f"continuing from step {TRAIN.steps // 2} of") == 1


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
