import pytest
import torch


@pytest.fixture
def bench(load_bench):
    return load_bench("bench_jacobian")


def test_agreement_on_what_is_dropped(bench):
    truth = torch.arange(250.0)
    assert bench.dropped(3 * truth, truth, 80) == 1
    assert bench.dropped(-truth, truth, 80) == 0
    half = truth.clone()
    half[[*range(112, 125), *range(237, 250)]] = -1  # 13 of the 25 that each batch drops
    assert bench.dropped(half, truth, 80) == pytest.approx(12 / 25)
    assert bench.dropped(truth[:230], truth[:230], 90) == 1  # whole batches only


def test_ranking_gets_better_with_draws(bench):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.Tanh(), torch.nn.Linear(32, 8))
    network.requires_grad_(False)
    rows = bench.ranking({"case": "tiny"}, network, 3 * torch.randn(500, 16))
    for method in ("hutchinson", "difference"):
        own = [row for row in rows if row["estimate"] == method]
        assert [row["draws"] for row in own] == list(bench.DRAWS)
        assert float(own[-1]["rmse_percent"]) < 0.6 * float(own[0]["rmse_percent"])
        assert float(own[-1]["spearman"]) > float(own[0]["spearman"]) > 0.2
        assert float(own[-1]["agree_dropping_20_percent"]) > 0.4
