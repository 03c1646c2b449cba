"""Every installed package has a licence that docs/adr/0001 allows."""

import re
from importlib.metadata import Distribution, distributions

import pytest

ALLOWED = {
    *("MIT", "MIT-0", "MIT License", "ISC", "ISC License", "ISC License (ISCL)", "Zlib", "CC0-1.0", "PSF-2.0"),
    *("0BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD License", "BSD 2-Clause License", "BSD 3-Clause License"),
    *("Apache-2.0", "Apache Software License", "MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
}
LGPL_UNMODIFIED = {"psycopg", "psycopg-binary", "psycopg-pool"}


def field(package: Distribution, name: str) -> str:
    """Return a field of the metadata, empty if it is absent."""
    return str((package.metadata.get_all(name) or [""])[0]).strip()


def chosen(expression: str) -> list[str]:
    """Return the licences of an SPDX expression: all that are joined by AND, of those that OR leaves to us an allowed one."""
    found = []
    for part in re.split(r"\bAND\b", expression):
        choice = [each.strip("() ") for each in re.split(r"\bOR\b", part)]
        found.append(next((each for each in choice if each in ALLOWED), choice[0]))
    return found


def stated(package: Distribution) -> list[str]:
    """Return the licences that a package states, the most exact statement first; all of them must be allowed."""
    expression = field(package, "License-Expression")
    if expression:
        return chosen(expression)
    classifiers = [
        each.rsplit(" :: ", 1)[1] for each in package.metadata.get_all("Classifier") or [] if each.startswith("License :: ")
    ]
    exact = [each for each in classifiers if each not in {"OSI Approved", "DFSG approved"}]
    return exact or [field(package, "License") or "none stated"]


def forbidden(name: str, licences: list[str]) -> bool:
    """True if a package may not be used under what it states."""
    return name not in LGPL_UNMODIFIED and not ALLOWED.issuperset(licences)


def test_every_licence_is_allowed() -> None:
    found = {package.name: stated(package) for package in distributions()}
    assert len(found) > 20
    assert {name: licences for name, licences in found.items() if forbidden(name, licences)} == {}


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-only", "AGPL-3.0", "LGPL-3.0-only", "BUSL-1.1", "Other/Proprietary License", "none stated"]
)
def test_a_forbidden_licence_is_seen(licence: str) -> None:
    assert forbidden("somebody", [licence])
    assert forbidden("somebody", ["MIT", licence])


@pytest.mark.parametrize(
    "expression", ["GPL-3.0-only", "MIT AND GPL-3.0-only", "GPL-2.0-only OR EPL-2.0", "(MIT OR ISC) AND EPL-2.0"]
)
def test_an_expression_that_leaves_no_allowed_choice_is_seen(expression: str) -> None:
    assert forbidden("somebody", chosen(expression))


@pytest.mark.parametrize(
    "expression", ["MIT", "EPL-2.0 OR BSD-3-Clause", "(EPL-2.0 OR MIT) AND 0BSD", "Apache-2.0 OR BSD-2-Clause"]
)
def test_what_is_left_to_our_choice_is_allowed(expression: str) -> None:
    assert not forbidden("somebody", chosen(expression))
