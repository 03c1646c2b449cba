import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from kwartier.keys import subjects
from kwartier.keys.errors import BadSeal, BadWrap
from kwartier.keys.vault import Vault

KEY = bytes(range(32))


@given(st.text(min_size=1, max_size=100).filter(lambda text: text.isprintable()))
def test_every_name_comes_back_and_is_sealed_the_same_each_time(name: str) -> None:
    sealed = subjects.seal(KEY, subjects.NAME, name)
    assert subjects.unseal(KEY, subjects.NAME, sealed) == name
    assert subjects.seal(KEY, subjects.NAME, name) == sealed
    assert len(name) < 4 or name.encode() not in sealed


def test_the_vector_of_the_rfc() -> None:
    """RFC 5297, A.1."""
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    about = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    sealed = bytes.fromhex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c")
    plain = bytes.fromhex("112233445566778899aabbccddee")
    assert AESSIV(key).encrypt(plain, [about]) == sealed


def test_another_key_another_kind_or_a_changed_byte_opens_nothing() -> None:
    sealed = subjects.seal(KEY, subjects.NAME, "Zoë")
    changed = bytes([sealed[0] ^ 1]) + sealed[1:]
    for key, what, kept in (
        (subjects.new_key(), subjects.NAME, sealed),
        (KEY, b"mail", sealed),
        (KEY, subjects.NAME, changed),
        (KEY, subjects.NAME, sealed[:-1]),
        (KEY, subjects.NAME, b""),
    ):
        with pytest.raises(BadSeal) as caught:
            subjects.unseal(key, what, kept)
        assert caught.value.__cause__ is None


def test_a_persons_key_is_wrapped_and_is_no_meter_key(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("keys")
    Vault.create(folder)
    vault = Vault(folder)
    wrapped = vault.wrap_person(KEY)
    assert vault.unwrap_person(wrapped) == KEY
    assert len(wrapped) == 40
    for wrong in (b"", wrapped[:-1], bytes(40), vault.wrap(KEY[:16])):
        with pytest.raises(BadWrap):
            vault.unwrap_person(wrong)
    with pytest.raises(BadWrap):
        vault.unwrap(wrapped)
    for size in (0, 16, 31, 33):
        with pytest.raises(BadWrap):
            vault.wrap_person(bytes(size))
