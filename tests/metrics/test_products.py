import time

import pytest
import torch

from pushforward.metrics import products
from pushforward.metrics.products import TRIALS, Product, blas, honest, kernels


@pytest.mark.parametrize("kernel", kernels())
def test_kernels_multiply(kernel):
    left, right = torch.randn(5, 7), torch.randn(9, 7)
    torch.testing.assert_close(kernel(left, right, torch.empty(5, 9)), left @ right.T)


def test_the_faster_library_is_kept():
    calls = []

    def slow(left, right, space):
        calls.append("slow")
        started = time.thread_time()
        while time.thread_time() - started < 0.01:
            pass
        return blas(left, right, space)

    def quick(left, right, space):
        calls.append("quick")
        return blas(left, right, space)

    product = Product((slow, quick))
    for _ in range(10):
        product(torch.ones(2, 3), torch.ones(4, 3), torch.empty(2, 4))
    assert calls == ["slow"] * TRIALS + ["quick"] * (10 - TRIALS)


def test_missing_operator_leaves_blas(monkeypatch):
    def missing(left, right, space):
        raise AttributeError("no such operator")

    monkeypatch.setattr(products, "onednn", missing)
    assert kernels.__wrapped__() == (blas,)


def test_reduced_precision_is_noticed(monkeypatch):
    for name in products.REDUCED:
        monkeypatch.delenv(name, raising=False)
    assert honest()
    monkeypatch.setenv("ONEDNN_DEFAULT_FPMATH_MODE", "BF16")
    assert not honest()


@pytest.mark.fault("F27")
def test_a_library_without_memory_is_given_up():
    calls = []

    def fails(left, right, space):
        calls.append("fails")
        raise RuntimeError("could not create a primitive")

    product = Product((blas, fails))
    left, right = torch.randn(5, 7), torch.randn(9, 7)
    for _ in range(TRIALS + 3):
        torch.testing.assert_close(product(left, right, torch.empty(5, 9)), left @ right.T)
    assert calls == ["fails"]
    with pytest.raises(RuntimeError, match="could not create"):
        Product((fails,))(left, right, torch.empty(5, 9))
