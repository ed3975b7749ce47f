"""Golden files hold the renderings; after a wanted change: `python tests/report/test_tables.py`, then read the diff."""

from pathlib import Path

import pytest

from pushforward.errors import InputError
from pushforward.report.intervals import Interval, summarise
from pushforward.report.printed import Printed, lookup
from pushforward.report.tables import Layout, row, summary, tidy, to_csv, to_html, to_latex, to_markdown, write

GOLDEN = Path(__file__).parent / "golden"
RENDERERS = {"csv": lambda frame, layout: to_csv(frame), "md": to_markdown, "tex": to_latex, "html": to_html}
DEMO = {"scale": "demo", "protocol": "printed", "run": "r", "command": "make demo", "seconds": 12.25, "device": "cpu"}


def ours(mean, half=0.5, n=10, over="snapshots"):
    return Interval(mean, mean - half, mean + half, n, over)


def narrow():
    """Every awkward case: a missing row, NaN, one value, LaTeX specials, huge numbers, a degenerate probe."""
    paper = {m: lookup("ICML Table 1", "MNIST", "CNN", m) for m in ("precision", "logreg_acc", "convex_acc")}
    mnist = {"dataset": "MNIST", "architecture": "CNN", "latent_dim": 64, **DEMO}
    digits = {"dataset": "digits_8x8 & <co> ~50 %", "architecture": "MLP|{x}", "latent_dim": 16, **DEMO}
    seeds = summarise([87.0, 88.0, 90.0], "seeds")
    alone = summarise([97.125], "snapshots")
    toy = {"dataset": "100 Gauss.", "architecture": "MLP", "latent_dim": 100}
    return [
        row("precision", paper["precision"], ours(93.0), ours(92.0, 0.25), seeds, **mnist, features="oracle"),
        row("logreg_acc", paper["logreg_acc"], ours(88.0), ours(80.0), **mnist),
        row("convex_acc", paper["convex_acc"], alone, **mnist),
        row(
            "precision", None, ours(1.5e7, 2.5e6), **digits, features="raw pixels", reason="features of ^huge\\ scale_"
        ),
        row("logreg_acc", None, None, **digits, status="single_class", reason="all latents fall in class 3"),
        row("precision", lookup("ICML Table 1", "100 Gauss.", "MLP", "precision"), **toy, reason="100k steps: 30 min"),
        row("logreg_acc", lookup("ICML Table 1", "100 Gauss.", "MLP", "logreg_acc"), **toy),
    ]


def wide():
    """More metrics than fit beside the paper's numbers, lines that compete, one line not run."""
    metrics = ("fid", "precision", "recall", "density", "coverage")
    names = {"baseline": -1.0, "DeliGAN;N=10": 1.0, "JBT;keep=80%": 1.25, "JBT;keep=90%": None}
    rows = []
    for name, shift in names.items():
        for metric in metrics:
            paper = lookup("ICML Table 7", "CIFAR-10", "TransGAN", metric, variant=name)
            number = None if shift is None else ours(paper.value + shift, 0.25, 4, "sample sets")
            facts = {**DEMO, "scale": "paper", "features": "inception"} if number else {}
            rows.append(row(metric, paper, number, dataset="CIFAR-10", architecture="TransGAN", variant=name, **facts))
    return rows


TABLES = {
    "narrow": (narrow, Layout("Separability & convexity", "tab:one", ("precision", "logreg_acc"))),
    "wide": (wide, Layout("Simplicial truncation", compare=("dataset",))),
}


@pytest.mark.fault("F52")
@pytest.mark.parametrize("suffix", RENDERERS)
@pytest.mark.parametrize("name", TABLES)
def test_golden(name, suffix):
    rows, layout = TABLES[name]
    assert RENDERERS[suffix](tidy(rows()), layout) == (GOLDEN / f"{name}.{suffix}").read_text()


@pytest.mark.fault("F52")
def test_no_number_is_left_blank_for_a_reader():
    for rows, layout in TABLES.values():
        for line in to_markdown(tidy(rows()), layout).splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("|") and len(cells) > 3:
                assert all(cells[-2:])


@pytest.mark.fault("F52")
def test_latex_escapes_every_special_and_balances_its_braces():
    text = to_latex(tidy(narrow()), TABLES["narrow"][1])
    assert r"digits\_8x8 \& $<$co$>$ $\sim$50 \%" in text
    assert r"MLP|\{x\}" in text and r"\textasciicircum{}huge\textbackslash{} scale\_" in text
    plain = text.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
    assert text.count(r"\begin{") == text.count(r"\end{")
    columns = [line.count("&") - line.count(r"\&") for line in text.splitlines() if line.startswith(("MNIST", "100 G"))]
    assert set(columns) == {5}


@pytest.mark.fault("F52")
def test_html_escapes():
    text = to_html(tidy(narrow()), TABLES["narrow"][1])
    assert "digits_8x8 &amp; &lt;co&gt; ~50 %" in text and "<co>" not in text


def test_best_is_bold_only_where_the_interval_tells_it_apart():
    def line(name, mean, half=0.5):
        return row("precision", None, ours(mean, half), dataset="MNIST", variant=name, scale="demo")

    def bold(*rows, compare=("dataset",)):
        text = to_markdown(tidy(rows), Layout("t", compare=compare))
        return [part.split("|")[2].strip() for part in text.splitlines() if "| **" in part]

    assert bold(line("a", 90.0), line("b", 80.0)) == ["a"]
    assert bold(line("a", 90.0), line("b", 89.8), line("c", 80.0)) == ["a", "b"]
    assert bold(line("a", 90.0), line("b", 89.8)) == []
    assert bold(line("a", 90.0, float("nan")), line("b", 80.0)) == []
    assert bold(line("a", 90.0), line("b", 80.0), compare=()) == []


def test_lower_is_better_for_distances():
    rows = [row("fid", None, ours(m), dataset="MNIST", variant=v, scale="demo") for m, v in ((9.0, "a"), (20.0, "b"))]
    assert "**9.00 ± 0.50**" in to_markdown(tidy(rows), Layout("t", compare=("dataset",)))


def test_two_sources_of_one_number_stand_on_two_lines():
    rows = [
        row("precision", lookup(source, "CIFAR-10", "ResNet", "precision", latent_dim=64), dataset="CIFAR-10")
        for source in ("ICML Table 1", "v1 Table 1")
    ]
    text = to_markdown(tidy(rows), Layout("t"))
    assert "| CIFAR-10 | ICML Table 1 | not run (paper 66.8) |" in text
    assert "| CIFAR-10 | v1 Table 1 | not run (paper 75.6) |" in text


def test_a_table_needs_a_row():
    with pytest.raises(InputError, match="at least one row"):
        to_markdown(tidy([]), Layout("Table 1"))


def test_write_by_suffix_or_not_at_all(tmp_path):
    frame, layout = tidy(narrow()), TABLES["narrow"][1]
    write(frame, layout, tmp_path / "t.csv", tmp_path / "t.tex")
    assert (tmp_path / "t.csv").read_text() == to_csv(frame)
    assert (tmp_path / "t.tex").read_text() == to_latex(frame, layout)
    with pytest.raises(InputError, match=r"t\.xlsx: a table is written as one of \.csv"):
        write(frame, layout, tmp_path / "u.csv", tmp_path / "t.xlsx")
    assert not (tmp_path / "u.csv").exists()


def test_summary_says_what_was_run_and_what_it_is_worth():
    text = summary(tidy(narrow()))
    assert text.splitlines()[0] == "5 of 7 numbers computed, 2 not run."
    assert "1 lower (demo scale)" in text and "1 inconclusive (n = 1, demo scale)" in text
    assert "reproduces none of its numbers" in text
    assert "MNIST CNN d=64: Precision 93.0 ± 0.5 (paper 93.2); LogReg acc. 88.0 ± 0.5 (paper 90.4)" in text
    assert "LogReg acc. n/a" in text


def test_summary_of_nothing_run_and_of_many_lines():
    paper = Printed("ICML Table 1", "MNIST", "CNN", "", "precision", 93.2, float("nan"), "")
    assert summary(tidy([row("precision", paper, dataset="MNIST")])) == "0 of 1 numbers computed, 1 not run."
    rows = [row("fid", None, ours(9.0), dataset="MNIST", variant=f"w={w}", scale="paper") for w in range(5)]
    text = summary(tidy(rows), lines=2)
    assert text.endswith("... and 3 more") and "reproduces" not in text


if __name__ == "__main__":
    for name, (rows, layout) in TABLES.items():
        for suffix, renderer in RENDERERS.items():
            (GOLDEN / f"{name}.{suffix}").write_text(renderer(tidy(rows()), layout))
