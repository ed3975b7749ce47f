"""Packages that do not fit beside each other are imported all the same."""

import subprocess
import sys

import pytest

PROGRAM = """
import gc, sys, warnings

warnings.simplefilter("error")


class Blocked:
    # setuptools without pkg_resources
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "pkg_resources":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Blocked())
from pushforward.features import compat

clip = compat.import_clip()
gc.collect()
assert "pkg_resources" not in sys.modules
assert clip.tokenize("a digit").shape == (1, 77)

import torch, torchvision

assert compat.import_torchvision() is torchvision
assert str(torch.ops.torchvision.nms.default._schema).startswith("torchvision::nms(Tensor dets")
assert torchvision.transforms.Resize(4)(torch.zeros(3, 8, 8)).shape == (3, 4, 4)
assert compat.import_inception().FeatureExtractorInceptionV3
"""


@pytest.mark.fault("F51")
def test_imports_without_pkg_resources_and_with_a_torchvision_of_another_build():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.fault("F51")
def test_an_imported_pkg_resources_stays(monkeypatch):
    from pushforward.features import compat

    mine = type(sys)("pkg_resources")
    monkeypatch.setitem(sys.modules, "pkg_resources", mine)
    compat.import_clip()
    assert sys.modules["pkg_resources"] is mine
