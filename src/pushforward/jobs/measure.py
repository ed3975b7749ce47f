"""x."""
from typing import Any


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str]) -> None:
    """x."""
    for p in outs.values():
        open(p, "w").write(repr(sorted(params.items())) + "".join(open(d, "rb").read().hex()[:50] for d in deps.values()))
