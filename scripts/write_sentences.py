"""Write the README's table of the leaflet's sentences from their tests: `python scripts/write_sentences.py`, from anywhere.

A test in tests/leaflet is named after its sentence: `test_s09_…` is S9, and its name is the sentence in our words.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent.parent
README = HERE / "README.md"
BEGIN, END = "<!-- sentences: scripts/write_sentences.py -->", "<!-- end of sentences -->"
NAME = re.compile(r"test_s(\d\d)_(\w+)")


class Sentence(NamedTuple):
    """One sentence of the leaflet: its number, its words, the file of its test, and what the test looks at."""

    number: int
    words: str
    file: str
    shows: str


def sentences() -> list[Sentence]:
    """Return every sentence that has a test, by number."""
    return sorted(found for path in (HERE / "tests" / "leaflet").glob("test_*.py") for found in _in(path))


def _in(path: Path) -> Iterator[Sentence]:
    for node in ast.parse(path.read_text("utf-8")).body:
        found = NAME.fullmatch(node.name) if isinstance(node, ast.FunctionDef) else None
        if found and isinstance(node, ast.FunctionDef):
            words = found[2].replace("_", " ")
            shows = " ".join((ast.get_docstring(node) or "").split())
            yield Sentence(int(found[1]), words[0].upper() + words[1:], path.relative_to(HERE).as_posix(), shows)


def table() -> str:
    """Return the table as Markdown."""
    lines = ["| | the leaflet's sentence, in our words | its test walks the real path |", "|---|---|---|"]
    for one in sentences():
        shows = f": {one.shows.rstrip('.').replace('|', '/')}" if one.shows else ""
        lines.append(f"| S{one.number} | {one.words} | [{Path(one.file).name}]({one.file}){shows} |")
    return "\n".join(lines) + "\n"


def written(readme: str) -> str:
    """Return the README with its table as it should be."""
    before, rest = readme.split(BEGIN + "\n")
    return before + BEGIN + "\n" + table() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), "utf-8")
    print(README)
