import pytest

from pushforward.errors import InputError, Missing
from pushforward.ledger.plan import plan
from pushforward.ledger.state import Ledger
from pushforward.ledger.targets import ends, find, find_all, needed, with_upstream
from pushforward.specs.load import load

from .conftest import RUN, WEIGHTS


@pytest.fixture
def everything(small):
    return plan(load())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (WEIGHTS, [WEIGHTS]),
        (f"./{WEIGHTS}", [WEIGHTS]),
        (f"results/models/{RUN}/", [WEIGHTS]),
        (f"results/logs/{RUN}/s0.csv", [WEIGHTS]),
        (f"train-{RUN}", [WEIGHTS]),
        ("table1", ["results/table1.csv"]),
        ("theory", ["results/theory.csv"]),
        ("digits", ["data/digits.npz"]),
        (RUN, [f"results/measures/{RUN}/s0.json", f"results/scores/{RUN}/s0/oracle/trained.json"]),
    ],
)
def test_what_a_person_calls_a_job(everything, name, found):
    assert [job.name for job in find(everything, name)] == found


@pytest.mark.parametrize(("name", "near"), [("tabel1", "table1"), (f"{RUN}0", RUN), (f"{WEIGHTS}x", WEIGHTS)])
def test_a_name_that_is_wrong_is_told_what_comes_near(everything, name, near):
    with pytest.raises(InputError, match=f"Did you mean.*{near}"):
        find(everything, name)


def test_a_name_that_is_like_nothing(everything):
    with pytest.raises(InputError, match="list` shows all") as caught:
        find(everything, "zzz")
    assert "Did you mean" not in str(caught.value)


def test_ends_rest_on_everything(everything):
    assert {job.name for job in with_upstream(everything, ends(everything))} == set(everything.jobs)
    assert "results/table1.csv" in {job.name for job in find(everything, "all")}


def test_several_names_give_each_job_once(everything):
    assert len(find_all(everything, ["table1", "results/table1.md"])) == 1


def test_nothing_is_needed_where_all_is_fresh(everything):
    assert needed(everything, ends(everything), Ledger(everything).admit) == []


def test_what_rests_on_a_change_is_needed_in_order(everything, small, change):
    change(small / "params.yaml", "points: 500}", "points: 400}")
    changed = plan(load())
    names = [job.name for job in needed(changed, find(changed, "table1"), Ledger(changed).admit)]
    measures = {f"results/measures/{run}/s0.json" for run in (RUN, "gaussians3-mlp-d3")}
    assert set(names) == {*measures, "results/table1.csv"}
    assert names[-1] == "results/table1.csv"


def test_a_precious_file_that_is_gone_ends_the_search(everything, small):
    (small / WEIGHTS).unlink()
    with pytest.raises(Missing, match="recorded, but not here"):
        needed(everything, find(everything, WEIGHTS), Ledger(everything).admit)
    ledger = Ledger(everything, retrain=True)
    assert [job.name for job in needed(everything, find(everything, WEIGHTS), ledger.admit)] == [WEIGHTS]
