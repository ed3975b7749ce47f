import contextlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc

from pushforward.errors import InputError
from pushforward.metrics.prdc import Protocol, prdc, prdc_from_radii, radii

FOUR = ("precision", "recall", "density", "coverage")


def values(record):
    return np.array([getattr(record, name) for name in FOUR])


def differences(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return np.concatenate([np.sqrt(((part[:, None] - b[None]) ** 2).sum(-1)) for part in np.array_split(a, 20)])


def brute(real, fake, k):
    real_radii, fake_radii = (np.sort(differences(x, x), axis=1)[:, k] for x in (real, fake))
    between = differences(real, fake)
    inside = between < real_radii[:, None]
    share = 100 * np.array(
        [
            inside.any(0).mean(),
            (between < fake_radii).any(1).mean(),
            inside.sum() / (k * len(fake)),
            inside.any(1).mean(),
        ]
    )
    return share, real_radii


def package(real, fake, k):
    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(real, fake, k)
    return 100 * np.array([found[name] for name in FOUR])


def clusters(g, n, D, jitter):
    return g.normal(size=(5, D))[g.integers(5, size=n)] + jitter * g.normal(size=(n, D))


def random_sets(g):
    return g.normal(size=(300, 20)), 1.1 * g.normal(size=(257, 20)) + 0.1


def single_precision(g):
    return tuple(x.astype(np.float32) for x in random_sets(g))


def clustered(g):
    return clusters(np.random.default_rng(1), 300, 30, 0.3), clusters(np.random.default_rng(1), 310, 30, 0.32)


def duplicated(g):
    real = np.repeat(g.integers(-8, 8, size=(60, 12)), g.integers(1, 9, size=60), axis=0).astype(float)
    fake = np.concatenate([real[g.integers(len(real), size=150)], g.integers(-8, 8, size=(100, 12))])
    return real, fake


def far_off(g):
    return g.normal(size=(300, 20)) + 3e4, 1.1 * g.normal(size=(257, 20)) + 3e4


def wide(g):
    return np.maximum(g.normal(size=(150, 2100)), 0).astype(np.float32), np.maximum(
        1.01 * g.normal(size=(140, 2100)), 0
    ).astype(np.float32)


def lattice(g):
    return g.integers(0, 4, size=(200, 5)), g.integers(0, 4, size=(190, 5))


def rounded(g):
    return np.round(g.normal(size=(200, 3)), 1), np.round(g.normal(size=(190, 3)), 1)


def collapsed(g):
    return clusters(g, 200, 40, 1e-5), clusters(g, 190, 40, 1e-9)


def outlier(g):
    real, fake = random_sets(g)
    real[7] *= 1e12
    return real, fake


def line(g):
    return g.normal(size=(90, 1)), g.normal(size=(80, 1))


def unequal(g):
    return g.normal(size=(40, 6)), g.normal(size=(700, 6))


PEER = [random_sets, single_precision, clustered, duplicated, far_off, wide, lattice, unequal]
ALL = [*PEER, rounded, collapsed, outlier, line]


@pytest.fixture
def g():
    return np.random.default_rng(0)


@pytest.mark.parametrize("sets", ALL)
@pytest.mark.parametrize("k", [1, 5])
def test_equals_float64_differences(sets, k, g):
    real, fake = sets(g)
    expected, expected_radii = brute(real, fake, k)
    np.testing.assert_array_equal(radii(real, k), expected_radii)
    np.testing.assert_allclose(values(prdc(real, fake, k)), expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("sets", PEER)
def test_equals_the_package(sets, g):
    real, fake = sets(g)
    np.testing.assert_allclose(values(prdc(real, fake, 5)), package(real, fake, 5), rtol=1e-12, atol=0)


@pytest.mark.parametrize("k", [58, 57, 33])
def test_k_near_n(k, g):
    real, fake = g.normal(size=(60, 4)), g.normal(size=(64, 4))
    np.testing.assert_allclose(values(prdc(real, fake, k)), brute(real, fake, k)[0], rtol=1e-14)


@pytest.mark.fault("F27")
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(8, 90),
    m=st.integers(8, 90),
    D=st.integers(1, 9),
    step=st.sampled_from([0.0, 1.0, 0.1]),
    block=st.integers(1, 100),
    threads=st.integers(1, 3),
)
def test_block_size_and_threads_change_nothing(seed, n, m, D, step, block, threads):
    g = np.random.default_rng(seed)
    real, fake = g.normal(size=(n, D)), g.normal(size=(m, D))
    if step:
        real, fake = step * np.round(real), step * np.round(fake)
    record = prdc(real, fake, 3, block=block, threads=threads)
    assert record == prdc(real, fake, 3)
    np.testing.assert_allclose(values(record), brute(real, fake, 3)[0], rtol=1e-14)


# A block of all rows would take 144 MB of bounds; only 80 more than before are to be had.
SHORT = """
import json, logging, resource, sys
from dataclasses import asdict
import numpy as np
from pushforward.metrics.prdc import prdc
logging.basicConfig(level=logging.WARNING)
g = np.random.default_rng(0)
real, fake = g.normal(size=(6000, 4)), g.normal(size=(5800, 4))
prdc(real[:50], fake[:50], threads=1)  # libraries take what they keep
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (80 << 20), resource.RLIM_INFINITY))
short = asdict(prdc(real, fake, threads=1, block=8192))
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(json.dumps([short, asdict(prdc(real, fake, threads=1))]))
"""


@pytest.mark.fault("F27")
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_little_memory_makes_smaller_blocks_and_the_same_numbers():
    done = subprocess.run([sys.executable, "-c", SHORT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "memory is short: a block of 6000 rows is halved" in done.stderr
    short, whole = json.loads(done.stdout)
    assert short == whole


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), exponent=st.integers(-300, 300))
def test_scaling_by_a_power_of_two_changes_nothing(seed, exponent):
    g = np.random.default_rng(seed)
    real, fake = g.normal(size=(50, 6)), g.normal(size=(60, 6))
    assert prdc(np.ldexp(real, exponent), np.ldexp(fake, exponent)) == prdc(real, fake)


def test_order_of_rows_changes_nothing(g):
    real, fake = clustered(g)
    assert prdc(g.permutation(real), g.permutation(fake)) == prdc(real, fake)


@pytest.mark.parametrize("precision", ["high", "medium"])
def test_relaxed_products_change_nothing(precision, g):
    real, fake = wide(g)
    expected = prdc(real, fake)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        assert prdc(real, fake) == expected
    finally:
        torch.set_float32_matmul_precision(before)


def test_thread_setting_survives(g):
    before = torch.get_num_threads()
    prdc(*random_sets(g), threads=2)
    assert torch.get_num_threads() == before


@pytest.mark.fault("F36")
def test_known_answers(g):
    x = g.normal(size=(100, 8))
    np.testing.assert_array_equal(values(prdc(x, x)), [100, 100, 100, 100])
    same = prdc(np.ones((50, 3)), np.ones((60, 3)))
    np.testing.assert_array_equal(values(same), [0, 0, 0, 0])
    assert same.status == "constant" and "real" in same.reason and "fake" in same.reason
    copied = prdc(np.repeat(x, 6, axis=0), x + 0.01)
    assert copied.precision == copied.density == copied.coverage == 0
    assert copied.status == "duplicates" and "600 of 600 real balls are empty" in copied.reason
    mean = prdc(x := g.normal(size=(400, 64)), np.tile(x.mean(0), (400, 1)))
    assert mean.precision == 100 and mean.coverage == 100 and mean.status == "constant"


@pytest.mark.fault("F38")
def test_collapsed_generator_is_precise_but_recalls_little(g):
    x = g.normal(size=(500, 4))
    record = prdc(x, x[0] + 0.01 * g.normal(size=(500, 4)))
    assert record.precision == 100 and record.recall < 2 and record.status == "ok"


@pytest.mark.fault("F38")
def test_swapped_protocol_exchanges_the_sets(g):
    real, fake = clustered(g)
    record, swapped = prdc(real, fake), prdc(real, fake, protocol="swapped")
    assert (swapped.precision, swapped.recall) == (record.recall, record.precision)
    np.testing.assert_allclose(values(swapped), package(fake, real, 5), rtol=1e-12)
    assert swapped.protocol == "swapped" and (swapped.n_real, swapped.n_fake) == (len(real), len(fake))


def test_centred_protocol_ignores_a_shift(g):
    real, fake = g.normal(size=(400, 20)), g.normal(size=(400, 20)) + 0.5
    correct, centred = prdc(real, fake), prdc(real, fake, protocol=Protocol.CENTRED)
    assert centred.precision > correct.precision + 10 and centred.density > 1.3 * correct.density
    expected = package(real - real.mean(0), fake - fake.mean(0), 5)
    np.testing.assert_allclose(values(centred), expected, rtol=1e-12)


def test_kept_radii_give_the_same_record(g):
    real, fake = clustered(g)
    kept = radii(real, 4), radii(fake, 4)
    for protocol in Protocol:
        assert prdc_from_radii(real, kept[0], fake, kept[1], 4, protocol=protocol) == prdc(
            real, fake, 4, protocol=protocol
        )


@pytest.mark.fault("F35")
@pytest.mark.fault("F36")
def test_one_clear_error_before_any_work(g):
    x = g.normal(size=(100, 3))
    bad = x.copy()
    bad[[17, 20, 99], 1] = np.nan, np.inf, np.nan
    with pytest.raises(InputError, match=r"3 of 100 fake feature rows not finite \(first 17\)"):
        prdc(x, bad)
    with pytest.raises(InputError, match=r"k \+ 2.*6 real"):
        prdc(x[:6], x)
    with pytest.raises(InputError, match="one width"):
        prdc(x, x[:, :2])
    with pytest.raises(InputError, match="shape"):
        prdc(x[0], x)
    with pytest.raises(InputError, match="real numbers"):
        radii(x.astype(complex))
    with pytest.raises(InputError, match="k >= 1"):
        radii(x, 0)
    with pytest.raises(InputError, match="radii"):
        prdc_from_radii(x, radii(x)[:5], x, radii(x))
    with pytest.raises(ValueError, match="upside"):
        prdc(x, x, protocol="upside")
