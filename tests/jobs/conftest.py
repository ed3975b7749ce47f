import pytest
import torch
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Numbers this few are slower on two threads, and other work may run beside the tests."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
