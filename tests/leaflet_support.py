"""The demo as a visitor finds it, and what the tests of the leaflet's sentences ask of it."""

import csv
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_support import kwartier_here

HOMES, SEED = 60, 1


@dataclass(frozen=True)
class Place:
    """The running demo. `said` is its JSON object; `p1` is HOST:PORT of the first home, `display` the page of its meter."""

    data: Path
    said: dict[str, Any]
    pages: str
    p1: str
    display: str

    def run(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run `kwartier` on this installation."""
        done = kwartier_here("--data", self.data, *arguments)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def asked(self, *arguments: str) -> dict[str, Any]:
        """Run `kwartier … --json` on this installation and return what it printed."""
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json").stdout.splitlines()[-1])
        return found

    def night(self) -> dict[str, Any]:
        """Run the night about the same day once more and return its account."""
        return self.asked("night", "run", "--date", self.said["date"])

    def file(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a file that the town was entered with."""
        with (self.data / "town" / "import" / name).open(encoding="utf-8", newline="") as rows:
            return list(csv.DictReader(rows))

    def sessions(self) -> list[dict[str, Any]]:
        """Return what the meters remember of who spoke to them."""
        return [json.loads(line) for line in (self.data / "town" / "sessions.jsonl").read_text("utf-8").splitlines()]

    def truth(self) -> dict[str, Any]:
        """Return what is wrong with devices and grid."""
        found: dict[str, Any] = json.loads((self.data / "town" / "care_truth.json").read_text("utf-8"))
        return found

    def endangered(self) -> set[str]:
        """Return the equipment ids of the meters at which it is dangerous."""
        kinds = ("over_voltage", "phase_lost", "terminal_cover", "meter_cover", "failed_logins")
        return {meter for kind in kinds for meter in self.truth()[kind]}

    def enter(self, folder: Path, name: str, rows: list[dict[str, str]]) -> None:
        """Enter rows of one file, as an operator does; all of them must be taken."""
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, list(rows[0]))
            out.writeheader()
            out.writerows(rows)
        taken = self.asked("import", str(folder))
        assert (taken["added"] + taken["changed"], taken["rejected"]) == (len(rows), 0)

    def restricted(self, kind: str) -> set[str]:
        """Return the equipment ids of meters whose customer refused, or had it switched off."""
        eans = {row["ean"] for row in self.file("restrictions.csv") if row["kind"] == kind}
        return {row["equipment_id"] for row in self.file("meters.csv") if row["ean"] in eans}

    def parcels(self, purpose: str) -> list[dict[str, Any]]:
        """Return the documents that receivers found in their boxes, of one purpose, each with the box it lay in."""
        found = []
        for bundle in sorted((self.data / "outbox").glob("*/*.jsonl")):
            for line in bundle.read_text("utf-8").splitlines():
                parcel = json.loads(line)
                if parcel["purpose"] == purpose:
                    found.append(parcel | {"box": bundle.parent.name})
        return found


def look(data: Path, running: "subprocess.Popen[str]") -> Place:
    """Read what a demo says until its pages are there."""
    assert running.stdout is not None
    assert running.stderr is not None
    said = json.loads(running.stdout.readline())
    told = ""
    for line in running.stderr:
        told += line
        if "The pages:" in line:
            break
    display, pages = re.findall(r"http://\S+", told)
    p1 = re.search(r"--town (\S+)", told)
    assert p1, told
    return Place(data, said, pages.rstrip("/"), p1[1], display)
