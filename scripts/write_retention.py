"""Write the table in docs/RETENTION.md from the retention table: `python scripts/write_retention.py`, from anywhere."""

from pathlib import Path

from kwartier.grounds import retention

PAGE = Path(__file__).resolve().parent.parent / "docs" / "RETENTION.md"
BEGIN, END = "<!-- table: scripts/write_retention.py -->\n", "<!-- end of table -->"

if __name__ == "__main__":
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(before + BEGIN + retention.as_markdown() + END + rest.split(END)[1], encoding="utf-8")
    print(PAGE)
