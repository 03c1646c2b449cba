"""What ./demo, ./test and ./kw share: who may install, what is asked for, and when nothing needs doing."""

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
SETUP = HERE / "scripts" / "setup.sh"


def shell(script: str, folder: Path, **stubs: str) -> subprocess.CompletedProcess[str]:
    """Run a script after setup.sh, in a folder, with stubs found before the programs of these names."""
    programs = folder / "stubs"
    programs.mkdir(exist_ok=True)
    for name, body in stubs.items():
        path = programs / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    command = ["/bin/sh", "-c", f"set -eu; . {SETUP}; {script}"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_normal_user_gets_the_one_line_to_ask_for(tmp_path: Path) -> None:
    run = shell("debian_packages python3-venv chromium", tmp_path, id="echo 1000", apt_get="echo called")
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.splitlines()[-1] == "apt-get update && apt-get install --yes --no-install-recommends python3-venv chromium"


def test_no_new_enough_python_is_said(tmp_path: Path) -> None:
    old = dict.fromkeys(("python3", "python3.13", "python3.12", "python3.11"), "exit 1")
    run = shell("KW_PYTHON='python3 python3.13'; python=$(python_here); echo went on", tmp_path, **old)
    assert run.returncode != 0
    assert "Python 3.11 or newer" in run.stderr
    assert run.stdout == ""


def test_the_python_that_was_asked_for_is_used(tmp_path: Path) -> None:
    run = shell("KW_PYTHON=mine; python_here", tmp_path, mine="exit 0", python3="exit 0")
    assert run.stdout.strip() == str(tmp_path / "stubs" / "mine")


def test_the_systems_own_python_comes_before_the_path_where_it_will_do(tmp_path: Path) -> None:
    own = "/usr/bin/python3"
    will_do = shell(f"{own} -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'", tmp_path).returncode == 0
    run = shell("unset KW_PYTHON; python_here", tmp_path, python3="exit 0")
    assert run.stdout.strip() == (own if will_do else str(tmp_path / "stubs" / "python3"))


def environment(folder: Path) -> None:
    """Lay out what a finished environment looks like."""
    (folder / "env" / "bin").mkdir(parents=True)
    (folder / "env" / "bin" / "python").symlink_to("/bin/sh")
    (folder / "lock.txt").write_text("somebody==1\n")
    assert shell("stamp env lock.txt > env/.stamp-lock.txt", folder).returncode == 0


def test_what_is_finished_is_left_alone(tmp_path: Path) -> None:
    environment(tmp_path)
    run = shell("environment env lock.txt", tmp_path, uv="exit 9", python3="exit 9")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "change",
    [
        "echo somebody==2 > lock.txt",
        "ln -sf /bin/cat env/bin/python",
        "cp -r env lock.txt stubs && cd stubs",
        "rm env/.stamp-lock.txt",
    ],
    ids=["another lock", "another Python", "another place", "never finished"],
)
def test_what_changed_is_not_finished(change: str, tmp_path: Path) -> None:
    environment(tmp_path)
    assert shell("is_finished env lock.txt", tmp_path).returncode == 0
    assert shell(f"{change}; is_finished env lock.txt", tmp_path).returncode == 1


def test_a_failed_installation_is_not_finished(tmp_path: Path) -> None:
    environment(tmp_path)
    again = "echo somebody==2 > lock.txt; KW_PYTHON=python3; environment env lock.txt; echo went on"
    run = shell(again, tmp_path, uv="exit 9", python3="exit 0")
    assert run.returncode != 0
    assert run.stdout == ""
    assert shell("is_finished env lock.txt", tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (["15"], "15"),
        (["17", "15", "16"], "15"),
        (["13", "17"], "17"),
        (["9.6", "100", "18"], "18"),
        (["13"], None),
        ([], None),
    ],
)
def test_the_oldest_supported_postgresql_is_tested_on(there: list[str], chosen: str | None, tmp_path: Path) -> None:
    for version in there:
        programs = tmp_path / version / "bin"
        programs.mkdir(parents=True)
        (programs / "postgres").write_text("#!/bin/sh\n")
        (programs / "postgres").chmod(0o755)
    (tmp_path / "16" / "bin").mkdir(parents=True, exist_ok=True)  # removed, but for its folder
    run = shell(f"debian_postgresql {tmp_path}", tmp_path)
    assert (run.returncode == 0, run.stdout.strip() or None) == (chosen is not None, chosen)
