"""Write docs/GROUNDS.md from the code of conduct: `python scripts/write_grounds.py`, from anywhere."""

from pathlib import Path

from kwartier.grounds import conduct

PAGE = Path(__file__).resolve().parent.parent / "docs" / "GROUNDS.md"

if __name__ == "__main__":
    PAGE.write_text(conduct.as_markdown(), encoding="utf-8")
    print(PAGE)
