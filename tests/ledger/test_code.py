import textwrap

import pytest

from pushforward.ledger import code


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of its own to edit; gives a function that writes a module and digests a closure."""
    monkeypatch.setattr(code, "ROOT", "thing")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing/__init__.py").write_text("")

    def write(**modules):
        for name, text in modules.items():
            (tmp_path / f"thing/{name}.py").write_text(textwrap.dedent(text))
        for cached in (code._read, code._origin, code._package):
            cached.cache_clear()
        return code.closure(("thing.a",))

    yield write
    for cached in (code._read, code._origin, code._package):
        cached.cache_clear()


A = """
    from thing import b

    def f(x):
        return b.g(x)
"""


def test_the_closure_follows_imports_inside_functions_and_of_packages(package):
    found = package(a="def f():\n    import thing.b", b="from thing.c import g", c="g = 1", d="h = 2")
    assert set(found) == {"thing", "thing.a", "thing.b", "thing.c"}


def test_comments_docstrings_and_layout_do_not_count(package):
    before = package(a=A, b="def g(x):\n    return x + 1")
    after = package(a=A, b='"""Words."""\n\n# more\ndef g(x):\n    """Words."""\n    return (x  +\n 1)  # so')
    assert before == after


@pytest.mark.parametrize("b", ["def g(x):\n    return x + 2", "def g(x, y=1):\n    return x + 1"])
def test_constants_and_signatures_count(package, b):
    before = package(a=A, b="def g(x):\n    return x + 1")
    after = package(a=A, b=b)
    assert {name for name in before if before[name] != after[name]} == {"thing.b"}


def test_imports_for_type_checkers_do_not_count(package):
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from thing import b\n"
    assert "thing.b" not in package(a=text, b="")


def test_strings_that_are_no_docstrings_count(package):
    assert package(a="x = 1\n'one'")["thing.a"] != package(a="x = 1\n'two'")["thing.a"]


def test_a_module_that_does_not_exist_is_named(package):
    package(a="")
    with pytest.raises(ModuleNotFoundError, match=r"thing\.z"):
        code.closure(("thing.z",))
