import importlib
import inspect
import subprocess
import sys

import pytest

from pushforward import data
from pushforward.errors import InputError


@pytest.mark.parametrize("kind", data.KINDS)
def test_every_kind_has_its_member(kind):
    member = importlib.import_module(f"pushforward.data.{data.KINDS[kind]}")
    parameters = list(inspect.signature(member.prepare).parameters.values())
    assert parameters[0].name == "kind"
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[1:])


def test_unknown_kind_names_the_nearest():
    with pytest.raises(InputError, match=r"'cifar-10'.*Did you mean 'cifar10'\?"):
        data.prepare("cifar-10")


def test_unknown_or_missing_parameter():
    with pytest.raises(InputError, match=r"unexpected keyword argument 'sized'.*size, colours"):
        data.prepare("digits", sized=8)
    with pytest.raises(InputError, match="missing a required argument: 'sigma'"):
        data.prepare("gaussians")


def test_members_are_not_imported_before_they_are_asked_for():
    code = "import sys, pushforward.data; print(*[m for m in sys.modules if m.startswith('pushforward.data.')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["pushforward.data.dataset"]
