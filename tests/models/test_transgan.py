"""TransGAN: sizes as printed, attention against its formula, tokens, noise, and the augmentation before its critic."""

import os

import pytest
import torch
from torch.nn import functional as F

from pushforward import latents, models, rng
from pushforward.errors import InputError
from pushforward.models import augment
from pushforward.models.attention import Attention, relative_positions

SMALL_GENERATOR = {
    "latent_dim": 8,
    "dims": [64, 16],
    "depths": [1, 1],
    "heads": 2,
    "image_size": 8,
    "image_channels": 1,
}
SMALL_CRITIC = {"dims": [12, 16], "depths": [1, 1, 1], "heads": 2, "image_size": 8, "image_channels": 1}


def count(part, **sizes):
    with torch.device("meta"):
        return sum(p.numel() for p in models.build("transgan", part, **sizes).parameters())


def small(part, **sizes):
    base = SMALL_GENERATOR if part == "generator" else SMALL_CRITIC
    return models.build("transgan", part, seed=0, **{**base, **sizes})


def images(n=3, size=8, channels=1):
    return torch.rand(n, channels, size, size, generator=rng.generator(0, "images")) * 2 - 1


def test_parameters():
    assert count("generator", latent_dim=64) == 70_729_583
    assert count("generator", latent_dim=128) == 74_923_887
    assert count("generator", latent_dim=256) == 83_312_495
    assert count("critic") == 10_210_400
    assert count("critic", components=10) == 10_214_634
    assert count("critic", components=100) == 10_249_284


def test_parameters_of_a_generator_with_its_law_of_z():
    # In the authors' code the means of DeliGAN and the random map of `lin.` are stored in the generator.
    mixture = latents.build("mixture", dim=256, components=10)
    assert count("generator", latent_dim=256) + sum(p.numel() for p in mixture.parameters()) == 83_315_055
    linear = latents.build("linear", dim=64, components=10)
    assert count("generator", latent_dim=64) + sum(b.numel() for b in linear.buffers()) == 70_730_233


@pytest.mark.parametrize("grid", [0, 3])
def test_attention_is_softmax_of_products_and_relative_positions(grid):
    torch.manual_seed(0)
    attention = Attention(8, 2, grid, noisy=False)
    x = torch.randn(2, 9, 8)
    q, k, v = attention.qkv(x).view(2, 9, 3, 2, 4).permute(2, 0, 3, 1, 4)
    logits = q @ k.transpose(2, 3) / 2
    if grid:
        table = attention.bias.view(5, 5, 2)
        cells = [(i, j) for i in range(3) for j in range(3)]
        bias = torch.stack([torch.stack([table[a - c + 2, b - d + 2] for c, d in cells]) for a, b in cells])
        logits = logits + bias.permute(2, 0, 1)
    expected = attention.output((logits.softmax(3) @ v).transpose(1, 2).reshape(2, 9, 8))
    torch.testing.assert_close(attention(x), expected)
    with torch.no_grad():  # the fused kernel
        torch.testing.assert_close(attention(x), expected)


def test_relative_positions_reach_every_row_of_the_table():
    index = relative_positions(4)
    assert sorted(set(index.tolist())) == list(range(49))
    assert index[0] == 24 and index.view(16, 16).diagonal().unique().tolist() == [24]


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # forward mode in PyTorch
def test_attention_kernel_has_all_derivatives():
    generator = small("generator").eval()
    z = torch.randn(2, 8, generator=rng.generator(0, "z"))
    backward = torch.func.jacrev(lambda v: generator(v[None])[0])(z[0])
    with torch.no_grad():
        forward = torch.func.jacfwd(lambda v: generator(v[None])[0])(z[0])
    torch.testing.assert_close(forward, backward, rtol=1e-4, atol=1e-6)


def test_shapes():
    generator, critic = small("generator"), small("critic", components=5)
    x = generator(torch.randn(3, 8))
    assert x.shape == (3, 1, 8, 8)
    assert critic(x).shape == (3,)
    scores, logits = critic.judge(x)
    assert logits.shape == (3, 5)
    torch.testing.assert_close(scores, critic(x))


def test_generator_pixels_come_from_their_place():
    # With the blocks silenced, a pixel depends on the token it was shuffled out of and on nothing else.
    generator = small("generator")
    for stage in generator.stages:
        for block in stage:
            torch.nn.init.zeros_(block.attention.output.weight)
            torch.nn.init.zeros_(block.mlp[2].weight)
    z = torch.zeros(1, 8)
    before = generator(z)
    with torch.no_grad():
        generator.positions[0][0, 4 * 1 + 2] += 1  # the token in row 1, column 2 of 4 x 4
    changed = (generator(z) - before)[0, 0].abs() > 1e-6
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[2:4, 4:6] = True
    assert torch.equal(changed, expected)


def test_noise_follows_its_learned_strength_and_its_generator():
    critic, x = small("critic"), images()
    assert critic.stochastic
    torch.testing.assert_close(critic(x, rng.generator(1)), critic(x))  # strength 0 at first
    strengths = [m.noise for m in critic.modules() if isinstance(m, Attention)]
    assert len(strengths) == 3 and all(s.shape == () for s in strengths)
    with torch.no_grad():
        for strength in strengths:
            strength.fill_(0.5)
    assert torch.equal(critic(x, rng.generator(1)), critic(x, rng.generator(1)))
    assert not torch.equal(critic(x, rng.generator(1)), critic(x, rng.generator(2)))
    assert torch.equal(critic(x), critic(x))
    critic(x, rng.generator(1)).sum().backward()
    assert all(s.grad is not None and s.grad != 0 for s in strengths)


def test_initial_weights():
    critic, generator = small("critic", dims=[96, 128], heads=4), small("generator", dims=[256, 64])
    linears = [m for m in critic.modules() if isinstance(m, torch.nn.Linear)]
    assert all(m.bias is None or not m.bias.any() for m in linears)
    assert linears[0].weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert generator.positions[0].std().item() == pytest.approx(0.02, rel=0.1)
    bound = 1 / 64**0.5  # the generator keeps the layers' defaults
    assert generator.stages[1][0].attention.qkv.weight.abs().max().item() == pytest.approx(bound, rel=0.01)


@pytest.mark.parametrize(
    ("part", "sizes", "message"),
    [
        ("generator", {"dims": [64, 32]}, "a quarter of the one before"),
        ("generator", {"image_size": 7}, "halves 1 times"),
        ("generator", {"heads": 3}, "cannot be shared by 3 heads"),
        ("critic", {"dims": [16, 12]}, "two growing dims"),
        ("critic", {"image_size": 6}, "multiple of 4"),
    ],
)
def test_impossible_sizes_are_refused(part, sizes, message):
    with pytest.raises(InputError, match=message):
        small(part, **sizes)


def test_a_critic_without_components_cannot_judge():
    with pytest.raises(InputError, match="components=N"):
        small("critic").judge(images())


def _steps(generator, critic, latent_dim, size, channels, batch):
    """One critic loss with penalty through a fresh augmentation, one generator loss; all gradients."""
    stream = rng.generator(0, "step")
    real, z = images(batch, size, channels), torch.randn(batch, latent_dim, generator=stream)
    fake = generator(z)
    mix = torch.rand(batch, 1, 1, 1, generator=stream)
    between = (mix * real + (1 - mix) * fake.detach()).requires_grad_()
    score = critic(augment.augment(between, stream), stream)
    (slope,) = torch.autograd.grad(score.sum(), between, create_graph=True)
    penalty = 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
    judged = [critic(augment.augment(x, stream), stream) for x in (real, fake.detach())]
    loss = judged[1].mean() - judged[0].mean() + penalty + 1e-3 * judged[0].mean().square()
    critic_gradients = torch.autograd.grad(loss, list(critic.parameters()), allow_unused=True)
    score = critic(augment.augment(fake, stream), stream)
    generator_gradients = torch.autograd.grad(-score.mean(), list(generator.parameters()))
    return critic_gradients, generator_gradients


def test_a_step_gives_finite_gradients():
    critic_gradients, generator_gradients = _steps(small("generator"), small("critic"), 8, 8, 1, 4)
    assert all(g is not None and g.isfinite().all() for g in (*critic_gradients, *generator_gradients))
    assert any(g.any() for g in critic_gradients) and any(g.any() for g in generator_gradients)


@pytest.mark.slow
def test_a_step_at_the_size_of_the_paper_gives_finite_gradients():
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    if free < 2:
        pytest.skip(f"the step takes 1.1 GiB; {free:.1f} GiB of memory are free")
    generator = models.build("transgan", "generator", seed=0, latent_dim=64)
    critic = models.build("transgan", "critic", seed=0)
    critic_gradients, generator_gradients = _steps(generator, critic, 64, 32, 3, 1)
    assert all(g is not None and g.isfinite().all() for g in (*critic_gradients, *generator_gradients))


def test_translation_moves_by_at_most_a_fifth_and_fills_with_zeros():
    ramp = torch.arange(1.0, 65.0).view(1, 1, 8, 8).expand(200, -1, -1, -1)
    moved = augment.translate(ramp, rng.generator(0))
    shifts = set()
    for image in moved[:, 0]:
        found = [
            (dy, dx) for dy in range(-3, 4) for dx in range(-3, 4) if torch.equal(image, _shift(ramp[0, 0], dy, dx))
        ]
        assert len(found) == 1
        shifts.add(found[0])
    assert shifts == {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)}  # round(0.2 * 8) = 2


def _shift(image, dy, dx):
    padded = F.pad(image, (4, 4, 4, 4))
    return padded[4 + dy : 12 + dy, 4 + dx : 12 + dx]


def test_cutout_blanks_half_a_side_in_three_batches_of_ten():
    stream, ones = rng.generator(0), torch.ones(20, 2, 8, 8)
    batches = [augment.cut_out(ones, stream) for _ in range(400)]
    hit = [not torch.equal(batch, ones) for batch in batches]
    assert abs(sum(hit) / 400 - 0.3) < 4 * (0.21 / 400) ** 0.5
    holes = torch.cat([(batch == 0)[:, 0] for batch, was in zip(batches, hit, strict=True) if was])
    area = holes.sum((1, 2))
    assert area.max() == 16 and area.min() == 4  # whole inside, or centred on a corner
    assert (holes.any(1).sum(1) * holes.any(2).sum(1) == area).all()  # rectangles


def test_colour_changes_are_those_of_the_definition():
    x, stream = images(500, 4, 3), rng.generator(0)
    shift = (augment.brighten(x, stream) - x).flatten(1)
    assert shift.std(1).max() < 1e-6 and shift.min() < -0.48 and shift.max() > 0.48 and shift.abs().max() <= 0.5
    for change, dims, low, high in ((augment.saturate, 1, 0, 2), (augment.contrast, (1, 2, 3), 0.5, 1.5)):
        y = change(x, stream)
        torch.testing.assert_close(y.mean(dims), x.mean(dims), atol=1e-5, rtol=0)
        factor = ((y - y.mean(dims, keepdim=True)).flatten(1).norm(dim=1)) / (
            (x - x.mean(dims, keepdim=True)).flatten(1).norm(dim=1)
        )
        assert low <= factor.min() < low + 0.03 and high - 0.03 < factor.max() <= high + 1e-5


def test_augmentation_repeats_and_differentiates():
    x = images(4, 8, 3)
    assert torch.equal(augment.augment(x, rng.generator(3)), augment.augment(x, rng.generator(3)))
    assert torch.autograd.gradcheck(
        lambda v: augment.augment(v, rng.generator(3)), x.double().requires_grad_(), fast_mode=True
    )
