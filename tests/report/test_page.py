import base64
import re
from html.parser import HTMLParser

import pytest

from pushforward.errors import InputError, Missing
from pushforward.report import style
from pushforward.report.page import Exhibit, page
from pushforward.report.tables import Layout, tidy, to_html

VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Holds the open elements and every attribute that could load something."""

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.ids, self.links = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.open += [] if tag in VOID else [tag]
        given = dict(attributes)
        self.sources += [given[name] for name in ("src", "srcset", "data") if name in given]
        self.links += [given["href"]] if "href" in given else []
        self.ids += [given["id"]] if "id" in given else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def made(tmp_path):
    with style.use():
        drawing = style.figure()
        drawing.subplots().plot([0, 1])
    _, picture = style.save(drawing, tmp_path / "figure2")
    table = to_html(tidy([{"dataset": "<b>MNIST</b>", "metric": "precision"}]), Layout("Table 1"))
    about = {"Scale": "demo", "Says": "line one\nline <two>"}
    text = page([Exhibit("Table 1", table)], [Exhibit('Figure "2"', picture, "A & B.")], about, "A <report>")
    return text, picture


def test_the_page_is_well_formed_and_loads_nothing(made):
    text, _ = made
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert reader.sources and all(source.startswith("data:image/png;base64,") for source in reader.sources)
    assert reader.links == ["#e0", "#e1"] and reader.ids == ["e0", "e1"]
    assert not re.search(r"https?:|<script|@import|url\(", text)
    assert "default-src 'none'" in text


def test_the_picture_is_the_file(made):
    text, picture = made
    (data,) = re.findall(r"base64,([A-Za-z0-9+/=]+)", text)
    assert base64.b64decode(data) == picture.read_bytes()


def test_everything_is_escaped(made):
    text, _ = made
    for wanted in (
        "A &lt;report&gt;",
        "&lt;b&gt;MNIST",
        "line one<br>line &lt;two&gt;",
        "Figure &quot;2&quot;",
        "A &amp; B.",
    ):
        assert wanted in text
    assert "<b>MNIST" not in text


def test_it_reads_on_a_phone_and_in_the_dark(made):
    text, _ = made
    assert 'name="viewport"' in text and "prefers-color-scheme: dark" in text and '<div class="scroll"' in text


def test_a_figure_must_be_a_picture_that_is_here(tmp_path):
    with pytest.raises(InputError, match=r"figure1\.pdf: a page shows \.png"):
        page([], [Exhibit("Figure 1", tmp_path / "figure1.pdf")], {})
    with pytest.raises(Missing, match="Make the figure first"):
        page([], [Exhibit("Figure 1", tmp_path / "figure1.png")], {})
