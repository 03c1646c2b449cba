import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.store.readings import StagedFile
from kwartier.store.readings.errors import NotStaged

ONE = StagedFile("day=2026-11-20/b1-00ff.parquet", date(2026, 11, 20), 3, 500, 1, 9)


def test_it_survives_the_registry() -> None:
    assert StagedFile.from_json(json.loads(json.dumps(ONE.to_json()))) == ONE


@pytest.mark.parametrize(
    "path",
    [
        "../day=2026-11-20/b1.parquet",
        "day=2026-11-20/../../x.parquet",
        "/etc/passwd",
        "day=2026-11-21/b1.parquet",
        "day=2026-11-20/b1.parquet\n",
        "day=2026-11-20/.b1.parquet",
        "",
    ],
)
def test_a_path_outside_the_folder_of_its_day_is_refused(path: str) -> None:
    with pytest.raises(NotStaged):
        StagedFile.from_json({**ONE.to_json(), "path": path})


@given(st.dictionaries(st.sampled_from(sorted(ONE.to_json())), st.one_of(st.none(), st.text(max_size=5), st.integers())))
def test_anything_else_is_refused_by_our_own_error(changed: dict[str, object]) -> None:
    kept = {**ONE.to_json(), **changed}
    try:
        assert isinstance(StagedFile.from_json(kept), StagedFile)
    except NotStaged:
        assert changed


@pytest.mark.parametrize("name", sorted(ONE.to_json()))
def test_a_field_too_few_is_refused(name: str) -> None:
    kept = {field: value for field, value in ONE.to_json().items() if field != name}
    with pytest.raises(NotStaged):
        StagedFile.from_json(kept)
