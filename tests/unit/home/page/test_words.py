"""Every message has its Dutch, no Dutch is left over, and numbers and times are written as each language does."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kwartier.home.page.words import Words, best, dutch

PAGE = Path(__file__).resolve().parents[4] / "src" / "kwartier" / "home" / "page"
IN_TEMPLATE = re.compile(r"""_\((?:"([^"]+)"|'([^']+)')""")
TABLES = {"NAMES", "LOSSES", "VERDICTS", "EVENTS", "BROKER", "_TITLES"}
ANSWERS = {"_summary"}


def in_templates() -> Iterator[str]:
    for path in (PAGE / "templates").glob("*.html"):
        for double, single in IN_TEMPLATE.findall(path.read_text("utf-8")):
            yield double or single


def texts(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def in_code() -> Iterator[str]:
    """Yield what is given to `text`, and what stands in the tables and answers that are given to it."""
    for path in PAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "text" and node.args:
                yield from texts(node.args[0]) if isinstance(node.args[0], ast.Constant) else ()
            if isinstance(node, ast.AnnAssign | ast.Assign):
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                if isinstance(target, ast.Name) and target.id in TABLES and isinstance(node.value, ast.Dict):
                    yield from (text for value in node.value.values for text in texts(value))
            if isinstance(node, ast.FunctionDef) and node.name in ANSWERS:
                yield from (
                    text for each in ast.walk(node) if isinstance(each, ast.Return) and each.value for text in texts(each.value)
                )


def test_every_message_has_its_dutch_and_none_is_left_over() -> None:
    used = {*in_templates(), *in_code()}
    assert len(used) > 100
    assert used == set(dutch())


def test_placeholders_are_the_same_in_both() -> None:
    holes = re.compile(r"\{(\w+)\}")
    assert {message for message, text in dutch().items() if set(holes.findall(message)) != set(holes.findall(text))} == set()


def test_a_message_without_dutch_is_an_error() -> None:
    with pytest.raises(KeyError):
        Words("nl").text("Nobody wrote this")


@pytest.mark.parametrize(
    ("language", "value", "power", "digits", "text"),
    [
        ("nl", 1_234_567, 3, 2, "1.234,57"),
        ("en", 1_234_567, 3, 2, "1,234.57"),
        ("nl", -2346, 0, 0, "\N{MINUS SIGN}2.346"),
        ("en", -4, 3, 2, "0.00"),
        ("nl", 5, 3, 2, "0,01"),
        ("en", 999_999, 3, 1, "1,000.0"),
        ("nl", 0, 0, 0, "0"),
    ],
)
def test_numbers(language: str, value: int, power: int, digits: int, text: str) -> None:
    assert Words(language).number(value, power, digits) == text


def test_days_and_months() -> None:
    assert Words("nl").day(date(2026, 3, 29)) == "zondag 29 maart 2026"
    assert Words("en").day(date(2026, 3, 29)) == "Sunday 29 March 2026"
    assert Words("nl").short_day(date(2026, 3, 29)) == "29 mrt"
    assert Words("en").month(date(2026, 10, 1)) == "October 2026"


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    first, second, after = 1_792_886_400, 1_792_890_000, 1_792_893_600  # 2026-10-25 02:00 twice, then 03:00
    assert [Words("nl").exact_clock(at) for at in (first, second, after)] == ["02:00 zomertijd", "02:00 wintertijd", "03:00"]
    assert [Words("en").clock(at) for at in (first, second)] == ["02:00", "02:00"]


@pytest.mark.parametrize(
    ("header", "language"), [(None, "nl"), ("en-GB,en;q=0.9,nl;q=0.1", "en"), ("de,fr", "nl"), ("nl,en", "nl"), ("EN", "en")]
)
def test_the_visitors_language(header: str | None, language: str) -> None:
    assert best(header) == language
