import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Networks this small are slower on two threads, and other work may run beside the tests."""
    torch.set_num_threads(1)
