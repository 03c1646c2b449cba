import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.keys.errors import BadWrap, NoKey
from kwartier.keys.vault import Vault

# RFC 3394 section 4.3: wrap 128 bits of key data with a 256-bit key-encryption key
MASTER = bytes(range(32))
KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
WRAPPED = bytes.fromhex("64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    folder = tmp_path_factory.mktemp("keys")
    path = folder / "master.key"
    path.write_bytes(MASTER)
    path.chmod(0o600)
    return Vault(folder)


def test_the_vector_of_the_rfc(vault: Vault) -> None:
    assert vault.wrap(KEY) == WRAPPED
    assert vault.unwrap(WRAPPED) == KEY


def test_a_new_vault_keeps_what_another_one_of_the_same_folder_wrapped(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    Vault.create(folder)
    wrapped = Vault(folder).wrap(KEY)
    Vault.create(folder)
    assert Vault(folder).unwrap(wrapped) == KEY, "creating again replaces nothing"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "master.key").stat().st_mode) == 0o600
    assert [each.name for each in folder.iterdir()] == ["master.key"], "no temporary file stays"


def test_two_vaults_differ(tmp_path: Path) -> None:
    Vault.create(tmp_path / "a")
    Vault.create(tmp_path / "b")
    with pytest.raises(BadWrap):
        Vault(tmp_path / "b").unwrap(Vault(tmp_path / "a").wrap(KEY))


@given(st.binary(min_size=16, max_size=16))
def test_every_key_comes_back(vault: Vault, key: bytes) -> None:
    assert vault.unwrap(vault.wrap(key)) == key


@given(st.binary(max_size=48))
def test_any_other_bytes_are_refused_without_showing_them(vault: Vault, junk: bytes) -> None:
    with pytest.raises(BadWrap) as caught:
        vault.unwrap(junk)
    assert caught.value.__cause__ is None
    assert not junk or repr(junk) not in str(caught.value)


@pytest.mark.parametrize("place", range(24))
def test_a_changed_byte_is_refused(vault: Vault, place: int) -> None:
    changed = bytearray(WRAPPED)
    changed[place] ^= 1
    with pytest.raises(BadWrap):
        vault.unwrap(bytes(changed))


@pytest.mark.parametrize("size", [0, 8, 15, 17, 24, 32])
def test_only_a_meter_key_is_wrapped(vault: Vault, size: int) -> None:
    with pytest.raises(BadWrap):
        vault.wrap(bytes(size))


@pytest.mark.parametrize("content", [None, b"", bytes(31), bytes(33)])
def test_a_folder_without_a_whole_master_key_is_no_vault(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        path = tmp_path / "master.key"
        path.write_bytes(content)
        path.chmod(0o600)
    with pytest.raises(NoKey, match=r"master\.key"):
        Vault(tmp_path)


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    Vault.create(tmp_path)
    (tmp_path / "master.key").chmod(0o640)
    with pytest.raises(NoKey, match="0600"):
        Vault(tmp_path)


def test_a_vault_does_not_show_its_key(vault: Vault) -> None:
    assert MASTER.hex() not in repr(vault)
    assert not hasattr(vault, "__dict__")


def test_processes_that_create_at_once_agree(tmp_path: Path) -> None:
    pids = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            Vault.create(tmp_path / "keys")
            os._exit(0 if Vault(tmp_path / "keys").wrap(KEY) else 1)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 8
    assert [each.name for each in (tmp_path / "keys").iterdir()] == ["master.key"]
