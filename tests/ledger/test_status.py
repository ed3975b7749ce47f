import json

import pytest

from pushforward.errors import InputError
from pushforward.ledger.listing import gathered, listing
from pushforward.ledger.plan import plan
from pushforward.ledger.show import show, spec
from pushforward.ledger.status import status
from pushforward.ledger.text import WIDTH
from pushforward.specs.load import load

from .conftest import RUN, WEIGHTS


def line(lines, *words):
    """The one line that starts with the words."""
    found = [each for each in lines if each.split()[: len(words)] == list(words)]
    assert len(found) == 1, lines
    return found[0]


def test_all_is_fresh(small):
    lines, jobs = status(), len(plan(load()).jobs)
    assert lines[0] == f"scale demo: {jobs} jobs: {jobs} fresh, 0 absent, 0 stale, 0 refused"
    assert line(lines, "train", "2").endswith(f"gaussians3-mlp-d3 s0, {RUN} s0")
    assert max(map(len, lines)) <= WIDTH


def test_a_change_is_told_with_its_reason_and_what_follows(small, change):
    change("params.yaml", "balance: {points: 500}", "balance: {points: 400}")
    lines = status()
    assert line(lines, "measure", "2").endswith("params.balance.points: 500 -> 400")
    assert line(lines, "table", "1").endswith("after its measure")


def test_a_target_is_told_with_what_it_rests_on(small, change):
    change("params.yaml", "balance: {points: 500}", "balance: {points: 400}")
    lines = status([RUN])
    assert lines[0].startswith(f"scale demo: 6 jobs of {RUN}")
    assert not [each for each in lines if "table" in each]


def test_absent_and_altered(small, flip):
    (small / "data/digits.npz").unlink()
    flip(WEIGHTS)
    lines = status()
    assert "1 absent" in lines[0]
    assert "1 refused" in lines[0]
    assert line(lines, "train", "1", RUN).endswith("it is not the file that was recorded")
    assert line(lines, "prepare", "1", "digits")
    assert line(lines, "sheet", "1", RUN).endswith("files changed of its train")


@pytest.mark.fault("F46")
def test_a_record_that_cannot_be_read_refuses_what_rests_on_it(small):
    path = small / f"results/records/measures/{RUN}/s0.json.json"
    path.write_text("<<<<<<< HEAD\n")
    lines = status()
    assert "is not JSON" in line(lines, "table", "1", "table1")
    assert "refused" in lines[0]


def test_nothing_made_yet_is_short(scale):
    lines = status()
    assert len(lines) < 25
    assert max(map(len, lines)) <= WIDTH
    assert all("not made yet" in each for each in lines[3:])


def test_long_lists_are_cut_unless_all_is_asked_for(small, change, monkeypatch):
    from pushforward.ledger import status as module

    monkeypatch.setattr(module, "LINES", 3)
    assert any("lines more: `--all`" in each for each in status())
    assert not any("lines more" in each for each in status(every=True))


def test_an_unknown_target(small):
    for command in (lambda: status(["tabel1"]), lambda: show("tabel1"), lambda: spec("tabel1")):
        with pytest.raises(InputError, match="Did you mean table1"):
            command()


def test_show_tells_everything_of_a_job(small):
    lines = show(WEIGHTS)
    assert lines[0] == WEIGHTS
    assert line(lines, "what") == f"  what     train: {RUN}, seed 0; scale demo"
    assert line(lines, "state").endswith("fresh")
    assert line(lines, "command").endswith(f"snakemake --directory demo {WEIGHTS} --cores 2")
    assert line(lines, "made").endswith("in 2.0 s on cpu, a processor")
    assert "by itself about 2.0 s on cpu (its own record; with all that it needs: `pushforward cost`)" in line(
        lines, "costs"
    )
    assert line(lines, "data/digits.npz").endswith("prepare: fresh")
    assert line(lines, WEIGHTS, "1", "kB").endswith("as recorded")
    assert line(lines, "settings.generator_lr").endswith("0.001")
    assert line(lines, "code:")
    assert max(map(len, lines)) <= WIDTH


def test_show_says_what_is_wrong(small, flip):
    flip(WEIGHTS)
    lines = show(WEIGHTS)
    assert "refused" in line(lines, "state")
    assert line(lines, WEIGHTS, "1", "kB").endswith("not the file that was recorded")
    (small / WEIGHTS).unlink()
    assert line(show(WEIGHTS), WEIGHTS, "-").endswith("recorded, not here")


def test_show_of_a_run_starts_with_its_training(small):
    lines = show(RUN)
    assert lines[0] == WEIGHTS
    assert lines[-4].startswith(f"{RUN} stands for 3 jobs")


def test_show_of_something_large_stays_short(scale):
    for target in ("table1", "figure9", "theory"):
        lines = show(target)
        assert len(lines) < 70
        assert max(map(len, lines)) <= WIDTH
    assert any("files of train" in each for each in show("theory"))


def test_the_spec_is_json(small):
    (found,) = json.loads(spec(WEIGHTS))
    assert found["params"]["settings"]["seed"] == 0


def test_list_has_state_cost_and_what_is_missing(small, change):
    lines = listing()
    assert lines[0].startswith("scale demo: ")
    assert lines[0].endswith("1 figure, 1 theory, 5 summaries; 2 runs (2 trainings)")
    assert line(lines, "results/table1.csv", "fresh")
    change("params.yaml", "balance: {points: 500}", "balance: {points: 400}")
    lines = listing()
    assert line(lines, "results/table1.csv").split() == [
        "results/table1.csv", "stale", "3", "6.0", "s", "2", "measure,", "1", "table",
    ]  # fmt: skip
    assert line(lines, RUN).split() == [RUN, "stale", "1", "2.0", "s", "1", "measure"]
    assert max(map(len, lines)) <= WIDTH


def test_list_says_what_holds_a_target_up(small, change):
    (small / WEIGHTS).unlink()
    assert "absent" in line(listing(), RUN)
    change("params.yaml", "balance: {points: 500}", "balance: {points: 400}")
    assert line(listing(), RUN).endswith("1 measure; held up by 1 train")


def test_list_of_a_pattern(small):
    lines = listing("digits-*")
    assert line(lines, RUN)
    assert not [each for each in lines if each.startswith(("gaussians3", "results"))]
    assert line(listing("table1"), "results/table1.csv")
    with pytest.raises(InputError, match="nothing of this name"):
        listing("zzz*")


def test_many_runs_are_gathered(scale):
    lines = listing()
    assert len(lines) < 70
    assert len(listing(every=True)) > len(lines)


def test_runs_that_differ_by_dimension_stand_together():
    runs = ["a-d2", "a-d10", "b-d5-wide", "b-d50-wide", "c", "e-d1", "e-d2", "e-d3", "e-d4"]
    assert list(gathered(runs)) == ["a-d{2,10}", "b-d{5,50}-wide", "c", "e-d{1,…,4}"]
