"""Pages of docs/benchmarks with a part that a program writes, between two comments."""

from __future__ import annotations

from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "docs/benchmarks"


def rewrite(path: Path, part: str, text: str) -> None:
    """Puts `text` between the comments `<!-- PART: ... -->` and `<!-- end of PART -->` of a page.

    Raises ValueError for a page without them.
    """
    page = path.read_text()
    before, begin, rest = page.partition(f"<!-- {part}: ")
    head, closing, rest = rest.partition("-->")
    _, end, after = rest.partition(f"<!-- end of {part} -->")
    if not (begin and closing and end):
        raise ValueError(f"{path}: has no part between <!-- {part}: ... --> and <!-- end of {part} -->")
    path.write_text(f"{before}{begin}{head}{closing}\n\n{text.strip()}\n\n{end}{after}")
