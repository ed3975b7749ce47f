"""The same grid as Markdown, LaTeX and HTML: escaping and marking, no decisions."""

import html
import re

from pushforward.report.layout import NARROW, Cell, Grid, Line

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"$\sim$",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "±": r"$\pm$",
    "≈": r"$\approx$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "–": "--",
    "α": r"$\alpha$",
    "γ": r"$\gamma$",
    "ε": r"$\varepsilon$",
    "σ": r"$\sigma$",
    "τ": r"$\tau$",
}
MARKDOWN = re.compile(r"([\\`*_\[\]|~])")


def markdown(grid: Grid) -> str:
    """GitHub-flavoured Markdown; ends with a newline."""
    head = [_md(text) for text in (*grid.heads, *grid.columns)]
    rule = ["---"] * len(grid.heads) + ["---:"] * len(grid.columns)
    body = [
        [_md_label(line, i) for i in range(len(grid.heads))] + [_md_cell(c) for c in line.cells] for line in grid.lines
    ]
    rows = "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *body])
    notes = "\n".join(f"- {_md(text)}" for text in grid.footnotes)
    return f"**{_md(grid.title)}**\n\n{rows}\n\n{notes}\n"


def latex(grid: Grid) -> str:
    """A `table` environment that needs `booktabs` only; ends with a newline."""
    head = " & ".join(_tex(text) for text in (*grid.heads, *grid.columns))
    notes = "\\\\\n".join(_tex(text) for text in grid.footnotes)
    size = "footnotesize" if len(grid.columns) <= NARROW else "scriptsize"
    label = f"\\label{{{grid.label}}}\n" if grid.label else ""
    return (
        f"\\begin{{table}}\n\\centering\\{size}\\setlength{{\\tabcolsep}}{{3pt}}\n"
        f"\\caption{{{_tex(grid.title)}}}\n{label}"
        f"\\begin{{tabular}}{{{'l' * len(grid.heads)}{'r' * len(grid.columns)}}}\n\\toprule\n"
        f"{head} \\\\\n\\midrule\n{_tex_body(grid)}\\bottomrule\n\\end{{tabular}}\n\n"
        f"\\smallskip\\raggedright\\footnotesize\n{notes}\n\\end{{table}}\n"
    )


def html_table(grid: Grid) -> str:
    """A `figure` element with a caption and a table in a box that scrolls sideways; no style of its own."""
    head = "".join(f'<th scope="col">{_web(text)}</th>' for text in (*grid.heads, *grid.columns))
    body = "".join(f'<tr class="{line.kind}">{_web_line(line)}</tr>\n' for line in grid.lines)
    notes = "".join(f"<li>{_web(text)}</li>\n" for text in grid.footnotes)
    return (
        f'<figure class="table">\n<figcaption>{_web(grid.title)}</figcaption>\n'
        '<div class="scroll" tabindex="0"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
        f'<ul class="notes">\n{notes}</ul>\n</figure>\n'
    )


def _md(text: str) -> str:
    return MARKDOWN.sub(r"\\\1", text).replace("<", "&lt;").replace(">", "&gt;")


def _md_label(line: Line, place: int) -> str:
    text = _md(line.labels[place])
    return f"↳ {text}" if line.kind != "ours" and place == 0 else text


def _md_cell(cell: Cell) -> str:
    value = f"**{_md(cell.value)}**" if cell.best else _md(cell.value)
    notes = f"<sup>{cell.notes}</sup>" if cell.notes else ""
    return f"{value}{notes} {_md(cell.tail)}".rstrip()


def _tex(text: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in text)


def _tex_body(grid: Grid) -> str:
    """Lines, with a rule between data sets."""
    text, before = "", None
    for line in grid.lines:
        if line.kind == "ours":
            text += "\\midrule\n" * (before is not None and before != line.labels[0])
            before = line.labels[0]
        text += " & ".join([_tex_labels(line), *map(_tex_cell, line.cells)]) + " \\\\\n"
    return text


def _tex_labels(line: Line) -> str:
    if line.kind == "ours":
        return " & ".join(map(_tex, line.labels))
    return f"\\multicolumn{{{len(line.labels)}}}{{l}}{{\\quad {_tex(line.labels[0])}}}"


def _tex_cell(cell: Cell) -> str:
    value = f"\\textbf{{{_tex(cell.value)}}}" if cell.best else _tex(cell.value)
    notes = f"\\textsuperscript{{{cell.notes}}}" if cell.notes else ""
    return f"{value}{notes} {_tex(cell.tail)}".rstrip()


def _web(text: str) -> str:
    return html.escape(text)


def _web_line(line: Line) -> str:
    first, *rest = line.labels
    labels = f'<th scope="row">{_web(first)}</th>' + "".join(f"<td>{_web(text)}</td>" for text in rest)
    if line.kind != "ours":
        labels = f'<th scope="row" colspan="{len(line.labels)}">{_web(first)}</th>'
    return labels + "".join(f'<td class="number">{_web_cell(cell)}</td>' for cell in line.cells)


def _web_cell(cell: Cell) -> str:
    value = f"<strong>{_web(cell.value)}</strong>" if cell.best else _web(cell.value)
    notes = f"<sup>{_web(cell.notes)}</sup>" if cell.notes else ""
    tail = f' <span class="paper">{_web(cell.tail)}</span>' if cell.tail else ""
    return f"{value}{notes}{tail}"
