"""The lock covers what pyproject.toml asks for, with hashes, and the demo runs on the versions that were tested."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text())
PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: ; [^\\]+)?(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
)

EXTRAS = PROJECT["project"]["optional-dependencies"]
HOME = [*PROJECT["project"]["dependencies"], *EXTRAS["home"]]
RUN = [*PROJECT["project"]["dependencies"], *EXTRAS["operator"]]
BUILD = PROJECT["dependency-groups"]["build"]
DEV = PROJECT["dependency-groups"]["dev"]
WANTED = {"home.txt": HOME, "demo.txt": RUN + BUILD, "test.txt": RUN + BUILD + DEV}


def locked(name: str) -> dict[str, set[Version]]:
    """Return the versions in a lock by package. Fails if any line is neither a hashed pin nor a comment."""
    text = "".join(
        line for line in (HERE / "requirements" / name).read_text().splitlines(keepends=True) if not line.startswith("#")
    )
    assert PINNED.sub("", text) == ""
    found: dict[str, set[Version]] = {}
    for pin in PINNED.finditer(text):
        found.setdefault(canonicalize_name(pin["name"]), set()).add(Version(pin["version"]))
    return found


@pytest.mark.parametrize("name", WANTED)
def test_lock_covers_the_project(name: str) -> None:
    pins = locked(name)
    for text in WANTED[name]:
        wanted = Requirement(text)
        versions = pins.get(canonicalize_name(wanted.name), set())
        assert versions, f"{name} lacks {wanted.name}: run scripts/lock"
        assert all(wanted.specifier.contains(version) for version in versions), (
            f"{name} has another {wanted.name}: run scripts/lock"
        )


@pytest.mark.parametrize("name", ["home.txt", "demo.txt"])
def test_what_runs_is_what_was_tested(name: str) -> None:
    tested = locked("test.txt")
    assert {package: versions for package, versions in locked(name).items() if tested.get(package) != versions} == {}


@pytest.mark.parametrize("peer", sorted(path.stem for path in (HERE / "requirements" / "peers").glob("*.in")))
def test_peers_are_pinned(peer: str) -> None:
    folder = HERE / "requirements" / "peers"
    lines = [line for line in (folder / f"{peer}.in").read_text().splitlines() if not line.startswith("#")]
    name, version = lines[0].split("==")
    assert canonicalize_name(name) == peer
    assert locked(f"peers/{peer}.txt")[canonicalize_name(name)] == {Version(version)}
    # what a peer uses without saying so stands below it
    assert {canonicalize_name(line) for line in lines[1:]} <= locked(f"peers/{peer}.txt").keys()


@pytest.mark.parametrize(
    "lock", sorted((HERE / "requirements" / "npm").glob("*/package-lock.json")), ids=lambda lock: lock.parent.name
)
def test_npm_packages_are_pinned_with_their_hashes_and_name_no_registry(lock: Path) -> None:
    wanted = json.loads(lock.with_name("package.json").read_text())["devDependencies"]
    found = {place: package for place, package in json.loads(lock.read_text())["packages"].items() if place}
    assert all(package["integrity"].startswith("sha512-") for package in found.values())
    assert not any("resolved" in package for package in found.values())
    for name, version in wanted.items():
        assert found[f"node_modules/{name}"]["version"] == str(Version(version)), "one version, no range"


def test_peers_are_no_dependency_of_ours() -> None:
    peers = {path.stem for path in (HERE / "requirements" / "peers").glob("*.in")}
    assert peers
    assert not peers & locked("test.txt").keys()
