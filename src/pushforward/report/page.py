"""One HTML file that shows every table and figure of a scale: no other file, no script, no network."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pushforward.errors import InputError, Missing

TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #5c5c5c; --paper: #fdfdfc; --rule: #d8d8d4; --mark: #0072b2;
  --shade: #f3f3f0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e4; --soft: #a5a5a0; --paper: #161716; --rule: #3a3b3a;
  --mark: #56b4e9; --shade: #212221; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
a { color: var(--mark); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1rem 0; padding: 0; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .15rem 1rem; margin: 1rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
figure { margin: 1rem 0; } figcaption { margin-bottom: .5rem; }
figure.picture img { display: block; max-width: 100%; height: auto; background: #fff; border-radius: 4px;
  padding: .5rem; }
figure.picture figcaption { margin: .5rem 0 0; color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: 4px; }
.scroll:focus-visible { outline: 2px solid var(--mark); }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .6rem; text-align: left; white-space: nowrap; font-weight: normal; }
thead th { font-weight: 600; border-bottom: 2px solid var(--rule); vertical-align: bottom; }
tbody tr.ours:not(:first-child) > * { border-top: 1px solid var(--rule); }
tbody tr:not(.ours) > * { padding-top: 0; color: var(--soft); font-size: .82rem; }
tbody tr:not(.ours) th { padding-left: 1.6rem; }
.paper { color: var(--soft); } sup { color: var(--mark); line-height: 0; }
ul.notes { list-style: none; margin: .5rem 0 0; padding: 0; color: var(--soft); font-size: .85rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { nav { display: none; } h2, figure { break-inside: avoid; } .scroll { overflow: visible; } }
"""


@dataclass(frozen=True)
class Exhibit:
    """A table or a figure of the page.

    Attributes:
        title: heading.
        content: the HTML of `tables.to_html` for a table; the path of a PNG or JPEG for a figure.
        caption: plain text under a figure, or "".
    """

    title: str
    content: str | Path
    caption: str = ""


def page(
    tables: Sequence[Exhibit], figures: Sequence[Exhibit], about: Mapping[str, str], title: str = "pushforward"
) -> str:
    """The page.

    Args:
        tables: exhibits whose content is HTML from `tables.to_html`, taken as it is.
        figures: exhibits whose content is the path of an image, embedded.
        about: what a reader should know first, name -> plain text: scale, device, versions, command, what it says.
        title: heading of the page.

    Returns:
        One HTML document that refers to nothing outside itself.

    Raises:
        Missing: an image is not here.
        InputError: an image is neither PNG nor JPEG.
    """
    exhibits = [(each, str(each.content)) for each in tables] + [(each, _picture(each)) for each in figures]
    links = "".join(f'<li><a href="#e{i}">{_text(each.title)}</a></li>' for i, (each, _) in enumerate(exhibits))
    sections = "".join(
        f'<section id="e{i}">\n<h2>{_text(each.title)}</h2>\n{body}</section>\n'
        for i, (each, body) in enumerate(exhibits)
    )
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_lines(value)}</dd>\n" for name, value in about.items())
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{_text(title)}</h1>\n<dl>\n{facts}</dl>\n</header>\n"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n<main>\n{sections}</main>\n</body>\n</html>\n'
    )


def _picture(exhibit: Exhibit) -> str:
    path = Path(exhibit.content)
    if path.suffix not in TYPES:
        raise InputError(f"{path}: a page shows {', '.join(TYPES)}. `style.save` writes a PNG beside every PDF.")
    try:
        data = base64.b64encode(path.read_bytes()).decode()
    except FileNotFoundError:
        raise Missing(f"{path} is not here. Make the figure first.") from None
    caption = f"<figcaption>{_text(exhibit.caption)}</figcaption>\n" if exhibit.caption else ""
    source = f"data:{TYPES[path.suffix]};base64,{data}"
    return f'<figure class="picture">\n<img alt="{_text(exhibit.title)}" src="{source}">\n{caption}</figure>\n'


def _text(text: str) -> str:
    return html.escape(text)


def _lines(text: str) -> str:
    return "<br>".join(_text(line) for line in text.splitlines())
