"""Tables of architectures: rows paired, differences told, counts as printed."""

import csv
import io

import pytest

from pushforward.errors import InputError
from pushforward.jobs import architecture as job
from pushforward.report import architecture, layers
from pushforward.report.printed_layers import Row, authors_count, counted, printed_layers

CNN = {"kind": "cnn", "generator": {"channels": 128, "last_channels": 32}, "critic": {"width": 512}}
RESNET = {"kind": "resnet", "generator": {"width": 128}, "critic": {"width": 256}}
RECIPE = {
    "batch": 256,
    "penalty": 10.0,
    "critic_lr": 1e-4,
    "generator_lr": 5e-5,
    "critic_steps": 2,
    "betas": [0.5, 0.9],
}


def made(root, source, model=CNN, shape=(1, 28, 28), latent_dim=64, **more):
    outs = {
        name: str(root / f"out.{suffix}") for name, suffix in (("csv", "csv"), ("markdown", "md"), ("latex", "tex"))
    }
    params = {"table": "t", "title": "Layers", "source": source, "model": model, "shape": list(shape)}
    job.run({**params, "latent_dim": latent_dim, **more}, {}, outs, root)
    rows = list(csv.DictReader(io.StringIO((root / "out.csv").read_text())))
    return rows, (root / "out.md").read_text(), (root / "out.tex").read_text()


def residual(root, source="ICML Table 5", d=128, **more):
    return made(root, source, RESNET, (3, 32, 32), d, **more)


def differing(rows):
    return [row["difference"] for row in rows if row["differs"] == "yes"]


def total(rows, part):
    (row,) = (row for row in rows if row["part"] == part and row["operation"] == "Total")
    return tuple(row[name] for name in ("parameters", "printed_parameters", "authors_parameters"))


def test_table_4_has_its_known_differences_and_no_others(tmp_path):
    rows, page, _ = made(tmp_path, "ICML Table 4")
    told = differing(rows)
    assert [text.split(";")[0] for text in told] == [
        "feature maps: 14x14x32 printed, 28x28x32 here",
        "feature maps: 28x28x16 printed, 28x28x32 here",
        "activation: Tanh printed, Tanh / 2 + 0.5 here",
        "550,881 as printed, 555,649 here",
        "parameters: the printed rows amount to 25,089, here 25,088",
        "8,948,225 as printed, 8,948,224 here",
    ]
    assert "the authors' code has 32 maps here" in told[1] and "it has no bias" in told[4]
    assert total(rows, "generator") == ("555649", "550881", "555649")
    assert total(rows, "critic") == ("8948224", "8948225", "8948224")
    assert "| generator | Convolution | 3×3 | 1×1 | 28×28×32<sup>b</sup> | LReLU | 9,248 |" in page
    assert "| ↳ paper |  | 3×3 | 1×1 | 28×28×16 | LReLU | 4,624 |" in page
    assert "| critic | Fully Connected (no bias) | – | – | 1 | – | 25,088<sup>e</sup> |" in page


def test_the_printed_channels_give_the_printed_count(tmp_path):
    model = {**CNN, "generator": {"channels": 128, "last_channels": 16}}
    rows, page, _ = made(tmp_path, "ICML Table 4", model)
    assert total(rows, "generator") == ("550881", "550881", "555649")
    assert "550,881 here" not in page and "555,649 in the authors' code" in page


def test_table_5_differs_in_the_strides_of_its_pools_only(tmp_path):
    rows, page, _ = residual(tmp_path)
    assert (
        differing(rows)
        == ["strides: 1x1 printed, 2x2 here; a stride of 1 does not halve the maps, as the next row says it does"] * 2
    )
    assert total(rows, "generator") == ("1547139", "", "1547139")
    assert total(rows, "critic") == ("4139009", "", "4139009")
    assert "| generator | ResBlock (no bias) | \\[3×3\\] × 2 | 1×1 | 4×4×128 | Y | ReLU | 426,496 |" in page


def test_another_latent_dimension_is_told(tmp_path):
    rows, _, _ = residual(tmp_path, d=64)
    assert differing(rows)[0].startswith("feature maps: 128 printed, 64 here; 128 is the default")
    assert total(rows, "generator") == ("1317763", "", "1317763")


def test_the_earlier_version_lists_the_images_as_a_convolution(tmp_path):
    rows, page, tex = made(tmp_path, "v1 Table 3")
    (extra,) = (row for row in rows if not row["operation"])
    assert extra["part"] == "critic" and extra["printed_feature_maps"] == "28x28x1"
    assert extra["difference"] == "printed only; no layer of the authors' code: these are the images themselves"
    assert len(differing(rows)) == 7  # those of ICML Table 4, and this one
    assert "| ↳ paper, critic: Convolution |  | 4×4 | 2×2 | 28×28×1 | – | 17<sup>e</sup> |" in page
    assert r"\multicolumn{2}{l}{\quad paper, critic: Convolution}" in tex


def test_the_earlier_residual_table_is_the_same(tmp_path):
    first, second = residual(tmp_path)[0], residual(tmp_path, "v1 Table 4")[0]
    assert first == second


def test_settings_of_the_training_stand_beside_the_printed_ones(tmp_path):
    rows, page, tex = made(tmp_path, "ICML Table 4", recipe=RECIPE)
    training = {row["operation"]: (row["printed_value"], row["value"]) for row in rows if row["part"] == "training"}
    assert training["Leaky ReLU slope"] == ("0.2", "0.2")  # read off the networks
    assert training["Learning Rate Generator"] == ("5e-5", "5e-5")
    assert training["Adam beta2"] == ("0.5", "0.9")
    assert (
        "| training | Adam beta2 | 0.5 | 0.9 | differs |" in page
        and "| training | Batch size | 256 | 256 | = |" in page
    )
    assert tex.count(r"\begin{table}") == 2


def test_without_settings_nothing_is_said_of_the_training(tmp_path):
    rows, _, tex = made(tmp_path, "ICML Table 4")
    assert {row["part"] for row in rows} == {"generator", "critic"} and tex.count(r"\begin{table}") == 1


def test_a_smaller_model_keeps_its_rows_beside_the_printed_ones(tmp_path):
    model = {"kind": "cnn", "generator": {"channels": 64}, "critic": {"width": 32}}
    rows, _, _ = made(tmp_path, "ICML Table 4", model, (1, 8, 8), 16)
    assert all(row["operation"].split(" (")[0] == row["printed_operation"] for row in rows if row["kernel"])
    assert total(rows, "generator")[2] == "" and "in the authors' code" not in differing(rows)[-1]


def test_latex_is_whole(tmp_path):
    _, _, tex = made(tmp_path, "ICML Table 4")
    assert tex.count("{") == tex.count("}") and r"28$\times$28$\times$16" in tex and r"\label{tab:t}" in tex
    assert tex.count(r"\midrule") == 2  # after the head, and between the networks


def test_an_unknown_table_names_those_there_are(tmp_path):
    with pytest.raises(InputError, match="no printed table of layers 'ICML Table 9'; there are: ICML Table 4"):
        made(tmp_path, "ICML Table 9")


def test_printed_rows_are_counted_as_they_stand():
    rows = [
        Row("z ~ N(0, I)", feature_maps="dim(z)"),
        Row("Fully Connected", feature_maps="2x2x3"),
        Row("Convolution", "3x3", "1x1", "2x2x5"),
        Row("Fully Connected", feature_maps="1"),
    ]
    assert [row.parameters for row in counted(rows, (4,))] == [0, 12 * 5, 5 * (9 * 3 + 1), 2 * 2 * 5 + 1]
    assert counted([Row("ResBlock", "[3x3] x 2", "1x1", "2x2x3")], (2, 2, 3))[0].parameters is None


def test_rows_are_paired_in_order_with_the_fewest_differences():
    ours = [Row("Convolution", feature_maps="8x8x4"), Row("Fully Connected", feature_maps="1")]
    printed = [Row("Convolution", feature_maps="9x9x9"), *ours]
    assert architecture.align(ours, printed) == [(None, printed[0]), (ours[0], ours[0]), (ours[1], ours[1])]
    assert architecture.align([], printed[:1]) == [(None, printed[0])]
    swapped = architecture.align([Row("AvgPool", "2x2")], [Row("MaxPool", "2x2")])
    assert swapped == [(Row("AvgPool", "2x2"), Row("MaxPool", "2x2"))]


def test_parameters_outside_of_layers_have_a_row():
    rows = architecture.rows_of([], 4, 10)
    assert [(row.operation, row.parameters) for row in rows] == [
        ("z ~ N(0, I)", 0), ("Parameters outside of layers", 10)
    ]  # fmt: skip


def test_counts_of_the_authors_code_belong_to_whole_sizes():
    sizes = {"latent_dim": 64, "image_size": 28, "image_channels": 1, "channels": 128, "mapping_depth": 1}
    assert authors_count("cnn", "generator", sizes) == 555_649
    assert authors_count("cnn", "generator", {**sizes, "image_size": 8}) is None
    assert authors_count("cnn", "generator", {**sizes, "latent_dim": 2}) == 166_785


def test_all_four_printed_tables_are_whole():
    lengths = {
        source: [len(printed_layers(source, part)) for part in ("generator", "critic", "training")]
        for source in ("ICML Table 4", "ICML Table 5", "v1 Table 3", "v1 Table 4")
    }
    assert lengths == {
        "ICML Table 4": [10, 5, 8],
        "ICML Table 5": [9, 8, 7],
        "v1 Table 3": [10, 6, 8],
        "v1 Table 4": [9, 8, 7],
    }
    assert all(row.stride != "-" for row in printed_layers("ICML Table 5", "critic"))


def test_a_column_that_says_nothing_is_left_out(tmp_path):
    rows, page, _ = made(tmp_path, "ICML Table 4")
    assert "Conditional BN" not in page
    assert [grid.columns for grid in layers.grids(architecture.table(rows), "t", "")] == [
        ("Kernel", "Strides", "Feature maps", "Activation", "Parameters")
    ]
