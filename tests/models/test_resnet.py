"""The residual GAN: sizes as printed, pooling, modulation, labels."""

import pytest
import torch

from pushforward import models
from pushforward.errors import InputError

# Parameters of the generator by width and latent dimension (ICML Table 5; 18 w^2 is one block's convolutions).
GENERATOR = {
    32: {2: 71139, 5: 73827, 10: 78307, 30: 96227, 64: 126691, 128: 184035},
    64: {2: 277443, 5: 282819, 10: 291779, 30: 327619, 64: 388547, 128: 503235},
    128: {2: 1095555, 5: 1106307, 10: 1124227, 30: 1195907, 64: 1317763, 128: 1547139},
    256: {2: 4353795, 5: 4375299, 10: 4411139, 30: 4554499, 64: 4798211, 128: 5256963},
    512: {2: 17358339, 5: 17401347, 10: 17473027, 30: 17759747, 64: 18247171, 128: 19164675},
}


def count(part, **sizes):
    with torch.device("meta"):
        return sum(p.numel() for p in models.build("resnet", part, **sizes).parameters())


def small(part, **sizes):
    return models.build("resnet", part, seed=0, **sizes)


@pytest.mark.parametrize("width", GENERATOR)
def test_generator_parameters(width):
    assert {d: count("generator", latent_dim=d, width=width) for d in GENERATOR[width]} == GENERATOR[width]


def test_critic_and_conditional_parameters():
    assert count("critic") == 4_139_009
    assert count("critic", classes=10) == 4_207_360
    assert count("generator", latent_dim=5, width=128, classes=10) == 1_142_147
    assert count("encoder", latent_dim=64) == 4_139_009 - 257 + 257 * 128


def test_shapes_and_range():
    generator, critic = small("generator", latent_dim=6, width=8), small("critic", width=8)
    images = generator(torch.randn(3, 6, generator=torch.Generator().manual_seed(0)))
    assert images.shape == (3, 3, 32, 32) and images.abs().max() <= 1
    assert critic(images).shape == (3,)
    mean, log_variance = small("encoder", latent_dim=6, width=8)(images)
    assert mean.shape == log_variance.shape == (3, 6)


def test_the_critic_takes_a_true_mean_at_any_size():
    # S3: a sum divided by 64 is the mean for 32x32 images only.
    critic = small("critic", width=8)
    small_image = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    features = []
    critic.body.layers.register_forward_hook(lambda _, __, out: features.append(out))
    score = critic(small_image)
    assert features[0].shape == (2, 8, 4, 4)
    pooled = features[0].flatten(2).sum(2) / 16
    torch.testing.assert_close(score, critic.head(pooled).squeeze(1))


def test_modulated_norm_scales_and_shifts_by_the_latent():
    generator = small("generator", latent_dim=6, width=8)
    norm = generator.blocks[0].norm1
    x, z = torch.randn(4, 8, 5, 5), torch.randn(4, 6)
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, unbiased=False)
    expected = norm.scale(z)[..., None, None] * (x - mean) / (variance + 1e-5).sqrt() + norm.shift(z)[..., None, None]
    torch.testing.assert_close(norm(x, z), expected)
    assert not list(norm.norm.parameters())
    assert norm.scale[2].bias is None and norm.shift[2].bias is None
    # S2: evaluation uses the running averages, which one batch moves by a tenth.
    torch.testing.assert_close(norm.norm.running_mean, 0.1 * mean.flatten())


def test_in_evaluation_each_latent_is_mapped_alone():
    generator = small("generator", latent_dim=6, width=8)
    z = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))
    generator(z)
    generator.eval()
    torch.testing.assert_close(generator(z)[2:3], generator(z[2:3]))


def test_labels_change_images_and_scores():
    generator = small("generator", latent_dim=6, width=8, classes=10).eval()
    critic = small("critic", width=8, classes=10)
    z = torch.randn(1, 6).expand(2, -1)
    images = generator(z, torch.tensor([0, 7]))
    assert not torch.equal(images[0], images[1])
    same = images[:1].expand(2, -1, -1, -1)
    scores = critic(same, torch.tensor([0, 7]))
    assert scores.shape == (2,) and scores[0] != scores[1]


def test_components_are_told_apart_by_a_head_of_their_own():
    assert count("critic", components=10) == 4_139_009 + 2570
    critic, x = small("critic", width=8, components=5), torch.rand(2, 3, 16, 16)
    scores, logits = critic.judge(x)
    assert logits.shape == (2, 5)
    torch.testing.assert_close(scores, critic(x))
    with pytest.raises(InputError, match="components=N"):
        small("critic", width=8).judge(x)


def test_missing_or_needless_labels_are_refused():
    z = torch.randn(2, 6)
    with pytest.raises(InputError, match="a label an image; none came"):
        small("generator", latent_dim=6, width=8, classes=10)(z)
    with pytest.raises(InputError, match="no labels; labels came"):
        small("generator", latent_dim=6, width=8)(z, torch.tensor([0, 1]))


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # forward mode in PyTorch
def test_penalty_differentiates_twice_and_jacobians_go_forward():
    generator, critic = small("generator", latent_dim=3, width=4).eval(), small("critic", width=4)
    z = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    images = generator(z).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(images).sum(), images, create_graph=True)
    slope.square().sum().backward()
    gradients = [p.grad for p in critic.parameters() if p.grad is not None]
    assert gradients and all(g.isfinite().all() for g in gradients)
    forward = torch.func.jacfwd(generator)(z[:1]).flatten(0, 3)
    backward = torch.func.jacrev(generator)(z[:1]).flatten(0, 3)
    torch.testing.assert_close(forward, backward, rtol=1e-3, atol=1e-5)
