"""What meters were set to, kept over restarts and crashes."""

from pathlib import Path

from kwartier.simulator.notebook import NAME, Notebook


def test_lines_come_back_in_order_to_whom_they_are_about(tmp_path: Path) -> None:
    book = Notebook(tmp_path)
    book.write(7, alarms=3)
    book.write(8, administrative=1)
    book.write(7, alarms=0)
    assert book.of(7) == (), "what this run wrote, its meters know"
    book.close()
    again = Notebook(tmp_path)
    assert [line["alarms"] for line in again.of(7)] == [3, 0]
    assert list(again.numbers()) == [7, 8]
    assert again.of(9) == ()


def test_a_line_cut_short_by_a_crash_is_cut_off_and_the_next_one_stands(tmp_path: Path) -> None:
    book = Notebook(tmp_path)
    book.write(7, alarms=3)
    book.close()
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"number": 7, "ala')
    second = Notebook(tmp_path)
    second.write(7, alarms=1)
    second.close()
    assert [line["alarms"] for line in Notebook(tmp_path).of(7)] == [3, 1]


def test_without_a_folder_nothing_is_kept() -> None:
    book = Notebook()
    book.write(7, alarms=3)
    assert book.of(7) == ()
    book.close()
