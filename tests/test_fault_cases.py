"""Every case of docs/faults.md has a test that is marked with it."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs/faults.md"
CASES = re.findall(r"^\| (F\d\d) \|", PAGE.read_text(), re.MULTILINE)
# The cases that were asked for; the page may tell of more.
ASKED = [
    *(f"F{n:02}" for n in (*range(1, 9), 10, 11, 14, 15, 16, *range(18, 22), 23, *range(24, 32))),
    *(f"F{n}" for n in (32, 33, 35, 36, 37, 38, *range(40, 49), 51, 52, 54)),
]


def marked() -> dict[str, list[str]]:
    """Case -> the tests of this suite with its mark, read from their source."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for case in filter(None, map(_case, node.decorator_list)):
                    found.setdefault(case, []).append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


def _case(decorator: ast.expr) -> str | None:
    """The case of a `pytest.mark.fault("F05")`."""
    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fault":
        (case,) = decorator.args
        return ast.literal_eval(case)
    return None


@pytest.fixture(scope="module")
def covered() -> dict[str, list[str]]:
    return marked()


def test_the_page_tells_of_every_case_once():
    assert len(CASES) == len(set(CASES))
    assert not set(ASKED) - set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_every_case_has_a_test(covered, case):
    assert covered.get(case), f"no test is marked with {case}: @pytest.mark.fault({case!r})"


def test_every_mark_is_of_a_case(covered):
    assert not covered.keys() - set(CASES), "a mark without a line in docs/faults.md"


if __name__ == "__main__":
    for case, tests in sorted(marked().items()):
        print(case, *tests)
