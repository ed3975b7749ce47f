"""Tables of plain text in the grid of the result tables, so that all pages look alike."""

from collections.abc import Iterable, Sequence

from pushforward.errors import InputError
from pushforward.report.layout import Cell, Grid, Line


def grid(
    title: str,
    heads: Sequence[str],
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    notes: Sequence[str] = (),
    label: str = "",
) -> Grid:
    """A table of given texts.

    Args:
        title: caption.
        heads: names of the label columns, to the left.
        columns: names of the other columns, flush right.
        rows: a text for every column, the label columns first.
        notes: what stands beneath the table.
        label: LaTeX label.

    Raises:
        InputError: a row has more or fewer texts than there are columns.
    """
    lines = []
    for row in rows:
        if len(row) != len(heads) + len(columns):
            raise InputError(f"{title}: a row of {len(row)} texts for {len(heads) + len(columns)} columns.")
        lines.append(Line("ours", tuple(row[: len(heads)]), tuple(map(Cell, row[len(heads) :]))))
    return Grid(title, label, tuple(heads), tuple(columns), tuple(lines), tuple(notes))
