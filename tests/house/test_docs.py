"""The documents say what is true: paths are there, commands exist, every setting and every decision is told."""

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer.main

from kwartier.cli import edge
from kwartier.cli.main import app
from kwartier.home.settings import Settings

HERE = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([HERE / "README.md", *(HERE / "docs").rglob("*.md")])
README = (HERE / "README.md").read_text("utf-8")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
PLACE = re.compile(r"`((?:src|tests|docs|scripts|requirements|bench)/[\w./*-]+)`")


def named_paths(document: Path) -> Iterator[tuple[str, Path]]:
    """Yield what a document links to, and what it names between back quotes."""
    text = document.read_text("utf-8")
    yield from ((target, document.parent / target) for target in LINK.findall(text))
    yield from ((place, HERE / place) for place in PLACE.findall(text))


def commands(group: Any, prefix: str = "") -> Iterator[str]:  # noqa: ANN401 - see below
    """Yield every command of a group with its path. Typer's groups are typed by its private copy of click, hence Any."""
    for name, command in getattr(group, "commands", {}).items():
        inner = list(commands(command, f"{prefix}{name} "))
        yield from inner or [f"{prefix}{name}"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(HERE).as_posix())
def test_named_paths_are_there(document: Path) -> None:
    gone = [name for name, path in named_paths(document) if not (any(path.parent.glob(path.name)) or path.exists())]
    assert gone == []


def test_a_path_that_is_gone_is_seen(tmp_path: Path) -> None:
    document = tmp_path / "x.md"
    document.write_text("see [there](nowhere.md) and `src/kwartier/nowhere.py`")
    assert [path.exists() for _, path in named_paths(document)] == [False, False]


def test_every_command_is_told_and_no_other() -> None:
    table = (HERE / "docs" / "COMMANDS.md").read_text("utf-8")
    told = {
        re.sub(r" [A-Z]+\b", "", name)
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    assert told == set(commands(typer.main.get_command(app)))


def test_every_decision_is_listed() -> None:
    folder = HERE / "docs" / "adr"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8")))
    assert listed == {path.name for path in folder.glob("0*.md") if path.name != "0000-template.md"}


@pytest.mark.parametrize("path", sorted((HERE / "docs" / "adr").glob("0*.md")), ids=lambda path: path.stem)
def test_a_decision_has_the_form_of_the_template(path: Path) -> None:
    template = (HERE / "docs" / "adr" / "0000-template.md").read_text("utf-8")
    headings = [line for line in template.splitlines() if line.startswith("## ")]
    assert [line for line in path.read_text("utf-8").splitlines() if line.startswith("## ")] == headings


def test_readme_tells_every_exit_code() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README.split("Exit codes:")[1].split("\n## ")[0], re.MULTILINE)}
    assert told == {0, 2, edge.NO, edge.NOT_DONE, edge.OUR_FAULT, edge.INTERRUPTED}


def test_every_setting_of_the_home_is_told_with_its_sentence_and_default() -> None:
    table = (HERE / "docs" / "HOME.md").read_text("utf-8").split("## Settings")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", table, re.MULTILINE))
    assert told == {each.name: each.metadata["sentence"] for each in fields(Settings)}
    for each in fields(Settings):
        row = next(line for line in table.splitlines() if line.startswith(f"| `{each.name}` |"))
        default = row.split("|")[2].strip().strip("`")
        assert default == (str(each.default).lower() if isinstance(each.default, bool) else str(each.default).removesuffix(".0"))


def test_every_sentence_of_the_leaflet_has_a_test_and_stands_in_the_readme() -> None:
    spec = importlib.util.spec_from_file_location("write_sentences", HERE / "scripts" / "write_sentences.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert [one.number for one in script.sentences()] == list(range(1, 21))
    assert script.written(README) == README, "run scripts/write_sentences.py"
