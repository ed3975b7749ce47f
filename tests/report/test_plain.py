import pytest

from pushforward.errors import InputError
from pushforward.report import markup, plain


def test_texts_stand_where_they_were_put_and_are_escaped():
    grid = plain.grid("A & B", ["Name"], ["x", "y"], [["a_b", "1", "2 < 3"]], ["a note"], "tab:a")
    assert markup.markdown(grid) == (
        "**A & B**\n\n| Name | x | y |\n| --- | ---: | ---: |\n| a\\_b | 1 | 2 &lt; 3 |\n\n- a note\n"
    )
    assert "a\\_b & 1 & 2 $<$ 3" in markup.latex(grid) and r"\label{tab:a}" in markup.latex(grid)


def test_a_row_of_another_length_is_refused():
    with pytest.raises(InputError, match="T: a row of 2 texts for 3 columns"):
        plain.grid("T", ["a"], ["b", "c"], [["1", "2"]])
