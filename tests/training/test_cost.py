from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from pushforward.errors import Resource
from pushforward.ledger.plan import plan
from pushforward.specs.load import load
from pushforward.training import cost

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def mnist() -> dict:
    return plan(load(ROOT / "params.yaml")).job("train", {"run": "mnist-cnn-d64", "seed": "0"}).params["settings"]


def test_operations_of_a_step_are_those_counted_by_hand(mnist):
    """Critic 1.57 GFLOP and generator 0.04 an image forward: 22 critic passes of 256 images a step are 8.9 TFLOP."""
    assert cost.operations_per_step(mnist, SimpleNamespace(shape=(1, 28, 28))) == pytest.approx(8.9e12, rel=0.01)


def test_a_long_training_is_refused_with_its_cost_and_how_to_go_on(mnist, monkeypatch):
    data = SimpleNamespace(shape=(1, 28, 28))
    monkeypatch.setattr(cost, "speed", lambda _: 1e11)
    monkeypatch.delenv(cost.LIMIT, raising=False)
    with pytest.raises(
        Resource, match=r"80,000 steps are 711.* PFLOP, about 82 days on this CPU.*--directory reduced"
    ) as caught:
        cost.require_affordable("mnist-cnn-d64", mnist, data, torch.device("cpu"))
    assert caught.value.exit_code == 5
    hours = str(caught.value).split(f"{cost.LIMIT}=")[1].split(".")[0]
    monkeypatch.setenv(cost.LIMIT, hours)
    cost.require_affordable("mnist-cnn-d64", mnist, data, torch.device("cpu"))


def test_a_gpu_is_always_allowed(mnist, monkeypatch):
    monkeypatch.setattr(cost, "speed", lambda _: 1.0)
    cost.require_affordable("mnist-cnn-d64", mnist, SimpleNamespace(shape=(1, 28, 28)), torch.device("cuda"))


def test_a_conditional_training_costs_a_little_more_than_the_plain_one():
    params = plan(load(ROOT / "params.yaml"))
    plain, conditional = (
        cost.operations_per_step(
            params.job("train", {"run": run, "seed": "0"}).params["settings"], SimpleNamespace(shape=(3, 32, 32))
        )
        for run in ("cifar10-resnet-d5", "cifar10-resnet-d5-conditional")
    )
    assert plain < conditional < 1.01 * plain
