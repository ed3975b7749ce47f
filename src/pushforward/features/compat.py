"""Imports of packages that do not quite fit beside each other."""

import importlib
import sys
from types import ModuleType
from typing import Any

import packaging.version
import torch

OPERATORS = ("nms", "qnms")
_kept: list[torch.library.Library] = []  # a library that is collected takes its operators with it


def import_torchvision() -> ModuleType:
    """Torchvision; where its compiled operators fit another PyTorch build, without them.

    The wheel of a package index is compiled for CUDA. Beside a CPU build of PyTorch its operators are missing and the
    import fails while it describes them. Declaring their schemas first is enough for image transforms, which is all
    that is used of torchvision here.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for operator in OPERATORS:
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept.append(library)
    return importlib.import_module("torchvision")


def import_clip() -> Any:
    """The `clip` package, with any setuptools.

    It takes `packaging` from `pkg_resources`, which newer setuptools do not ship and older ones announce the end of;
    a module of that name stands in during the import.
    """
    import_torchvision()
    before = sys.modules.get("pkg_resources")
    sys.modules["pkg_resources"] = _pkg_resources()
    try:
        return importlib.import_module("clip")
    finally:
        del sys.modules["pkg_resources"]
        if before is not None:
            sys.modules["pkg_resources"] = before


def import_inception() -> Any:
    """The module of torch-fidelity that holds its Inception-v3."""
    import_torchvision()
    return importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")


def _pkg_resources() -> ModuleType:
    module = ModuleType("pkg_resources")
    module.packaging = packaging  # type: ignore[attr-defined]
    return module
