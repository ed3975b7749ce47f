import csv
import os
from pathlib import Path

import numpy as np
import pytest

from pushforward.errors import InputError
from pushforward.report.printed import lookup, parts, printed

SHARED = Path(os.environ.get("PUSHFORWARD_SHARED", Path(__file__).parents[3] / "shared"))
REFERENCE = SHARED / "reference" / "all_tables.csv"


def test_a_number_with_its_half_width():
    found = lookup("ICML Table 6", "CIFAR-10", "ResNet", "fid", width=32)
    assert (found.value, found.half_width, found.variant) == (28.3, 0.6, "width=32;latent_dim=64")


def test_no_half_width_is_nan():
    assert np.isnan(lookup("ICML Table 1", "MNIST", "CNN", "logreg_acc").half_width)


def test_settings_are_compared_as_numbers():
    given = {"method": "simplicial", "tau_test": 0.2}
    assert lookup("ICML Table 7", "STL-10 (32x32)", "TransGAN", "precision", **given).value == 77.8


def test_a_whole_variant():
    assert lookup("ICML Table 3", "CIFAR-10", "TransGAN", "fid", variant="baseline").value == 8.9


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        (("ICML Table 1", "MNIST", "CNN", "logreg"), "ICML Table 1 / MNIST / CNN / latent_dim=64 / logreg_acc"),
        (("ICML Table 2", "MNIST", "VAE2", "convex_acc"), "ICML Table 2 / MNIST / VAE / convex_acc"),
        (("v1 Table 5", "CIFAR100", "ResNet", "recall"), "v1 Table 5 / CIFAR-100 / ResNet"),
    ],
)
def test_an_unknown_number_names_the_nearest(asked, nearest):
    with pytest.raises(InputError, match=r"no such printed number\. The nearest one is") as error:
        lookup(*asked)
    assert nearest in str(error.value)


def test_an_ambiguous_question_lists_the_variants():
    with pytest.raises(InputError, match=r"5 printed numbers fit.*width=512"):
        lookup("ICML Table 6", "CIFAR-10", "ResNet", "fid")


def test_every_number_is_found_by_its_own_fields():
    for row in printed().sample(60, random_state=0).itertuples():
        assert lookup(row.source, row.dataset, row.model, row.metric, variant=row.variant).value == row.value


def test_parts_of_a_variant():
    assert parts("linear;N=10;tau_train=0.23") == {"method": "linear", "N": "10", "tau_train": "0.23"}
    assert parts("") == {}


def test_the_caller_cannot_alter_the_file():
    table = printed()
    table["value"] = 0.0
    assert printed()["value"].min() > 0


def test_the_notes_say_what_the_numbers_show():
    table = printed().set_index(["source", "dataset", "variant", "metric"]).sort_index()
    copied = table.loc[("v1 Table 5", "Synthetic CIFAR-10", "latent_dim=5")]
    origin = table.loc[("v1 Table 5", "CIFAR-10", "latent_dim=5")]
    assert (copied[["value", "half_width"]] == origin[["value", "half_width"]]).all(axis=None)
    assert copied["note"].str.contains("copying error").all()
    means = (
        printed()
        .query("source == 'ICML Table 6' and dataset == 'CIFAR-10'")
        .pivot(index="variant", columns="metric", values="value")
    )
    correlation = np.corrcoef(means["precision"], means["logreg_acc"])[0, 1]
    note = lookup("ICML text", "CIFAR-10", "ResNet", "pearson_precision_logreg").note
    assert f"{correlation:.3f}" in note


def test_every_printed_number_is_here():
    if not REFERENCE.exists():
        pytest.skip(f"no reference tables at {REFERENCE}; set PUSHFORWARD_SHARED to the folder that holds them")
    with REFERENCE.open() as file:
        wanted = [tuple(row.values()) for row in csv.DictReader(file)]
    ours = printed().drop(columns="note")
    text = [str(value) for value in ours["half_width"].map(lambda x: "" if np.isnan(x) else repr(float(x)))]
    found = [(*row[:5], repr(row[5]), half) for row, half in zip(ours.itertuples(index=False), text, strict=True)]
    assert found == wanted
