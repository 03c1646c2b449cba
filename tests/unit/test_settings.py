import dataclasses
from pathlib import Path

import pytest

from kwartier import settings
from kwartier.settings import Settings, SettingsError

DSNS = {key: f"host=/run/{key}" for key in ("owner_dsn", "operator_dsn", "portal_dsn", "audit_dsn")}


def test_absent_file_gives_defaults(tmp_path: Path) -> None:
    assert settings.load(tmp_path / settings.FILE_NAME) == Settings()


def test_a_file_overrides_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / settings.FILE_NAME
    path.write_text("workers = 3\nsession_s = 4\n")
    assert settings.load(path) == dataclasses.replace(Settings(), workers=3, session_s=4)


def test_unknown_key_is_named() -> None:
    with pytest.raises(SettingsError, match="unknown setting: wrokers"):
        settings.parse("wrokers = 3")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("workers = true", "workers"),
        ("workers = 0", "workers"),
        ("workers = 1.5", "workers"),
        ("connect_s = nan", "connect_s"),
        ("connect_s = inf", "connect_s"),
        ('connect_s = "soon"', "connect_s"),
        ("stop_age_s = 0", "stop_age_s"),
        ("port = 65536", "port"),
        ("tap = 1", "tap"),
        ('log_name = "two words"', "log_name"),
        ('log_name = ""', "log_name"),
        ("[night]\nworkers = 1", "night"),
    ],
)
def test_wrong_value_names_its_key(text: str, key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        settings.parse(text)


def test_half_a_set_of_dsns_is_refused() -> None:
    with pytest.raises(SettingsError, match="all of"):
        Settings(owner_dsn=DSNS["owner_dsn"])


def test_dsns_replace_the_embedded_server() -> None:
    assert Settings().embedded
    given = settings.parse("\n".join(f'{key} = "{dsn}"' for key, dsn in DSNS.items()))
    assert not given.embedded


def test_an_error_never_shows_a_dsn() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.parse('owner_dsn = "password=hunter2"')
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"port = 1\nport = 2"])
def test_what_is_not_toml_is_a_settings_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / settings.FILE_NAME
    path.write_bytes(content)
    with pytest.raises(SettingsError):
        settings.load(path)


def test_a_folder_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=tmp_path.name):
        settings.load(tmp_path)


def test_commented_file_sets_nothing_and_its_defaults_are_true() -> None:
    text = settings.commented()
    assert settings.parse(text) == Settings()
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines() if " = " in line and line.startswith("# "))
    given = settings.parse(uncommented)
    assert given == Settings()


def test_every_setting_has_its_sentence() -> None:
    for each in dataclasses.fields(Settings):
        assert str(each.metadata["sentence"]).endswith("."), each.name


def test_what_is_no_key_of_a_witness_is_refused_before_anything_is_signed() -> None:
    key = "witness.test/w+0a1b2c3d+BA" + "A" * 42
    assert Settings(witness="127.0.0.1:1", witness_key=key).witness_port == 1
    for wrong in ("foo", "a+b+c", key + "A", key.replace("0a", "0A"), key + "\n"):
        with pytest.raises(SettingsError, match="witness_key"):
            Settings(witness="127.0.0.1:1", witness_key=wrong)
