"""How fast are norms of Jacobians against PyTorch's own Jacobian, and how well do estimates rank latents?

The generator is that of MNIST (ICML 2023 paper, Table 4; d = 64), freshly built or from a checkpoint that is given.
Two tables: seconds a latent, and for each estimate its error, its rank correlation with the exact norm, and the share
of the latents that Jacobian-based truncation drops on which it agrees, by number of random directions.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import interleave
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.func import jacfwd, vmap

from pushforward import models, rng
from pushforward.geometry.jacobian import jacobian_norms, principal_frame, truncation_score
from pushforward.provenance import environment
from pushforward.sampling.checkpoint import generators, law
from pushforward.sampling.jacobian import FRAME

DRAWS = (2, 4, 8, 10, 16)
FRAMED = (4, 5, 6, 8, 10, 16)
KEPT = 100  # latents of a batch that truncation keeps
Norms = Callable[[nn.Module, Tensor, torch.Generator], Tensor]


def loop(network: nn.Module, z: Tensor, stream: torch.Generator) -> Tensor:
    jacobians = [torch.autograd.functional.jacobian(network, one) for one in z.split(1)]
    return torch.stack([each.norm() for each in jacobians])


def batched(network: nn.Module, z: Tensor, stream: torch.Generator) -> Tensor:
    with torch.no_grad():
        return vmap(jacfwd(lambda point: network(point[None]).flatten()))(z).flatten(1).norm(dim=1)


def exact(network: nn.Module, z: Tensor, stream: torch.Generator) -> Tensor:
    return jacobian_norms(network, z).value


def estimate(method: str, draws: int) -> Norms:
    return lambda network, z, stream: jacobian_norms(network, z, method, generator=stream, draws=draws).value


def framed(draws: int) -> Norms:
    """Hutchinson's estimate in a principal frame, which is made once for each generator."""
    frames: dict[int, Tensor] = {}

    def norms(network: nn.Module, z: Tensor, stream: torch.Generator) -> Tensor:
        if id(network) not in frames:
            some = torch.randn(FRAME, z.shape[1], generator=rng.generator(0, "frame"))
            frames[id(network)] = principal_frame(network, some)
        own = frames[id(network)]
        return jacobian_norms(network, z, "hutchinson", generator=stream, draws=draws, frame=own).value

    return norms


# Who is timed, and on how many latents: seconds are told for one.
CONTENDERS: dict[str, tuple[Norms, int]] = {
    "exact": (exact, 32),
    "hutchinson, 2 draws": (estimate("hutchinson", 2), 256),
    "hutchinson, 4 draws": (estimate("hutchinson", 4), 128),
    "hutchinson in a frame, 5 draws": (framed(5), 256),
    "hutchinson in a frame, 6 draws": (framed(6), 256),
    "a frame, and 6 draws in it": (lambda network, z, stream: framed(6)(network, z, stream), FRAME),
    "difference, 10 draws": (estimate("difference", 10), 64),
    "torch.autograd.functional.jacobian": (loop, 1),
    "torch.func.jacfwd": (batched, 8),
}


def agree(truth: Tensor, found: Tensor) -> None:
    """Norms of the first latents agree on average; single estimates may be far off."""
    torch.testing.assert_close((found / truth[: len(found)]).mean(), torch.tensor(1.0), rtol=0.1, atol=0)


def speed(case: dict[str, Any], network: nn.Module, z: Tensor, rounds: int) -> list[dict[str, Any]]:
    """Rows of seconds a latent, all contenders taking turns."""
    stream = rng.generator(0, "directions")
    calls = {name: lambda z, f=f, n=n: f(network, z[:n], stream) for name, (f, n) in CONTENDERS.items()}
    reference = exact(network, z, stream)
    torch.testing.assert_close(loop(network, z[:2], stream), reference[:2], rtol=1e-4, atol=0)
    torch.testing.assert_close(batched(network, z[:8], stream), reference[:8], rtol=1e-4, atol=0)
    taken = interleave.take_turns(calls, z, rounds, lambda ours, theirs: agree(reference, theirs))
    rows = []
    for name, (_, n) in CONTENDERS.items():
        wall, processor = (statistics.median(each) / n for each in zip(*taken[name], strict=True))
        rows.append(
            {**case, "contender": name, "latents": n, "rounds": rounds, "wall_s": wall, "processor_s": processor}
        )
    slow = dict(next(row for row in rows if row["contender"] == "torch.autograd.functional.jacobian"))
    for row in rows:
        for clock in ("wall", "processor"):
            row[f"times_faster_{clock}"] = f"{slow[f'{clock}_s'] / row[f'{clock}_s']:.0f}"
            row[f"{clock}_s"] = f"{row[f'{clock}_s']:.3g}"
    return rows


def ranking(case: dict[str, Any], network: nn.Module, z: Tensor) -> list[dict[str, Any]]:
    """Rows of the quality of each estimate; more draws go on where fewer stopped."""
    truth, rows = exact(network, z, rng.generator(0)), []
    for method in ("hutchinson", "difference"):
        stream, total, done = rng.generator(0, method), torch.zeros(len(z)), 0
        for draws in DRAWS:
            total, done = total + squares(method, network, z, stream, draws - done), draws
            rows.append({**case, **quality(method, draws, (total / draws).sqrt(), truth)})
    for draws in FRAMED:
        found = framed(draws)(network, z, rng.generator(0, "framed", draws))
        rows.append({**case, **quality("hutchinson in a frame", draws, found, truth)})
    return rows


def quality(method: str, draws: int, found: Tensor, truth: Tensor) -> dict[str, Any]:
    error = ((found / truth - 1).square().mean().sqrt()).item()
    shares = {f"agree_dropping_{100 - keep}_percent": f"{dropped(found, truth, keep):.3f}" for keep in (90, 80)}
    return {
        **{"estimate": method, "draws": draws, "latents": len(truth), "rmse_percent": f"{100 * error:.2f}"},
        **{"spearman": f"{spearmanr(found, truth).statistic:.3f}", **shares},
    }


def squares(method: str, network: nn.Module, z: Tensor, stream: torch.Generator, draws: int) -> Tensor:
    """Sum over draws of estimates of the squared norm."""
    if method == "difference":
        return z.shape[1] * truncation_score(network, z, generator=stream, draws=draws)
    return draws * jacobian_norms(network, z, method, generator=stream, draws=draws).value.square()


def dropped(found: Tensor, truth: Tensor, keep: int) -> float:
    """Of the latents that truncation drops from its batches, the share on which the estimate agrees."""
    batch = 100 * KEPT // keep
    worst = [
        norms[: len(norms) // batch * batch].view(-1, batch).argsort(1).argsort(1) >= KEPT for norms in (found, truth)
    ]
    return float((worst[0] & worst[1]).sum() / worst[1].sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", type=Path, help=".safetensors of a training; default: a fresh network")
    parser.add_argument("--rounds", type=int, default=5, help="timed calls of every contender")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of all contenders")
    parser.add_argument("--latents", type=int, default=1000, help="latents that are ranked")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    stream = rng.generator(0, "latent")
    if options.checkpoint is None:
        name, network = "fresh MNIST generator", models.build("cnn", "generator", seed=0, latent_dim=64)
        z = torch.randn(options.latents, 64, generator=stream)
    else:
        *_, (step, network) = generators(options.checkpoint)
        name = f"{options.checkpoint.parent.name}, {options.checkpoint.stem}, step {step}"
        z = law(options.checkpoint).sample(options.latents, stream)
    network = network.eval().requires_grad_(False)
    facts = {key: value for key, value in environment().items() if key != "device"}
    about = {"load": f"{os.getloadavg()[0]:.1f}", "date": datetime.now(UTC).strftime("%Y-%m-%d"), **facts}
    for table, rows in (
        ("bench_jacobian", speed({"case": f"{name}, {options.threads} threads"}, network, z[:256], options.rounds)),
        ("jacobian_ranking", ranking({"case": name}, network, z)),
    ):
        for row in rows:
            sys.stdout.write(f"{', '.join(map(str, row.values()))}\n")
        interleave.write(interleave.RESULTS / f"{table}.csv", [{**row, **about} for row in rows])


if __name__ == "__main__":
    main()
