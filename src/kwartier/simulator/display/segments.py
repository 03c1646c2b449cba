"""Characters as seven segments: which of them are lit, and where each lies. Pure.

 a
f b
 g
e c
 d
"""

from dataclasses import dataclass
from typing import final

WIDTH, HEIGHT, STEP = 20, 36, 26
"""Of a character, and from one to the next."""
_LIT = {
    "0": "abcdef",
    "1": "bc",
    "2": "abdeg",
    "3": "abcdg",
    "4": "bcfg",
    "5": "acdfg",
    "6": "acdefg",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
    "E": "adefg",
    "-": "g",
    " ": "",
}
_LIES = {
    "a": "3,0 17,0 14,3 6,3",
    "b": "18,1 20,3 20,15 18.5,17 17,15 17,4",
    "c": "18.5,19 20,21 20,33 18,35 17,32 17,21",
    "d": "6,33 14,33 17,36 3,36",
    "e": "1.5,19 3,21 3,32 2,35 0,33 0,21",
    "f": "2,1 3,4 3,15 1.5,17 0,15 0,3",
    "g": "4,16.5 16,16.5 17.5,18 16,19.5 4,19.5 2.5,18",
}


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """A character: where it begins, each segment with whether it is lit, and the mark behind it (point, colon or none)."""

    x: int
    segments: tuple[tuple[str, bool], ...]
    mark: str = ""


def cells(text: str, least: int) -> list[Cell]:
    """Return the cells of a row, at least so many of them; marks stand between cells, and the row is set to the right."""
    characters: list[tuple[str, str]] = []
    for character in text:
        if character in ".:":
            characters[-1] = characters[-1][0], character
        else:
            characters.append((character, ""))
    row = [(" ", "")] * (least - len(characters)) + characters
    return [_cell(index * STEP, *each) for index, each in enumerate(row)]


def _cell(x: int, character: str, mark: str) -> Cell:
    return Cell(x, tuple((points, name in _LIT[character]) for name, points in _LIES.items()), mark)
