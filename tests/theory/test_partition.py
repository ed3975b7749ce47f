import numpy as np
import torch
from torch import nn

from pushforward.theory.partition import generator_labels, in_batches, nearest_centre, simplicial_labels
from pushforward.theory.simplex import cell_index, simplex_directions


def test_nearest_centre_is_the_argmin_of_distances():
    generator = torch.Generator().manual_seed(0)
    x, centres = torch.randn(300, 5, generator=generator), torch.randn(7, 5, generator=generator)
    assert torch.equal(nearest_centre(centres)(x), torch.cdist(x, centres).argmin(dim=1))


def test_a_generator_and_an_oracle_make_a_partition():
    linear = nn.Linear(2, 3, bias=False)
    u = simplex_directions(3, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(u))
    labels = generator_labels(linear, lambda x: x.argmax(dim=1))
    z = np.random.default_rng(0).standard_normal((1000, 2))
    found = labels(z)
    assert found.dtype == np.int64
    assert np.mean(found == cell_index(z, u)) > 0.999  # float32 against float64 on the walls


def test_batches_keep_order_and_shape():
    u = simplex_directions(4, 3)
    z = np.random.default_rng(0).standard_normal((7, 11, 3))
    sizes = []

    def labels(part):
        sizes.append(len(part))
        return simplicial_labels(u)(part)

    found = in_batches(labels, z, batch=10)
    assert max(sizes) == 10
    np.testing.assert_array_equal(found, cell_index(z.reshape(-1, 3), u).reshape(7, 11))
    assert in_batches(labels, np.zeros((0, 3))).shape == (0,)
