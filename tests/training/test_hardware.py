"""Device, threads and number format hold within the block, and only there."""

import pytest
import torch

from pushforward.errors import InputError
from pushforward.training.hardware import resolve, setting

BACKENDS = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)  # type: ignore[attr-defined]


def formats() -> list[str]:
    return [backend.fp32_precision for backend in BACKENDS]


def test_fp32_means_fp32_on_a_gpu_too() -> None:
    before = formats()
    with setting("cpu", 1, "fp32") as device:
        assert device == torch.device("cpu")
        assert formats() == ["ieee", "ieee"]  # PyTorch's own default for convolutions is tf32
    assert formats() == before


def test_threads_are_given_back_also_after_an_error() -> None:
    before, formats_before = torch.get_num_threads(), formats()
    with pytest.raises(ZeroDivisionError), setting("cpu", before + 1):
        assert torch.get_num_threads() == before + 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == before
    assert formats() == formats_before


def test_auto_takes_what_is_there() -> None:
    assert resolve("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.fault("F30")
def test_f30_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="device cuda is not available here; use device: cpu, or auto") as caught:
        resolve("cuda")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("precision", ["tf32", "half"])
def test_formats_that_do_not_exist_here_are_refused(precision: str) -> None:
    with pytest.raises(InputError, match=precision), setting("cpu", precision=precision):
        pass
