"""The tree against the recursive definition of RFC 6962 section 2.1, written down here once more and naively."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import tree
from kwartier.audit.errors import BrokenLog
from kwartier.audit.tree import Place, Span


def mth(data: list[bytes]) -> bytes:
    """MTH(D[n])."""
    if not data:
        return sha256().digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def path(m: int, data: list[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(data) == 1:
        return []
    k = 1
    while k * 2 < len(data):
        k *= 2
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: list[bytes], own: bool) -> list[bytes]:  # noqa: FBT001 - the RFC's own signature
    """SUBPROOF(m, D[n], b)."""
    if m == len(data):
        return [] if own else [mth(data)]
    k = 1
    while k * 2 < len(data):
        k *= 2
    if m <= k:
        return [*subproof(m, data[:k], own), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]  # noqa: FBT003 - the RFC's own signature


def grown(data: list[bytes]) -> dict[Place, bytes]:
    hashes: dict[Place, bytes] = {}
    hashes.update(tree.append(0, {}, map(tree.leaf_hash, data)))
    return hashes


DATA = [b"line %d" % i for i in range(70)]


@pytest.mark.parametrize("size", range(71))
def test_roots_inclusion_and_consistency_are_those_of_the_definition(size: int) -> None:
    data = DATA[:size]
    hashes = grown(data)
    assert tree.root(size, hashes) == mth(data)
    assert tree.root_of([tree.leaf_hash(d) for d in data]) == mth(data)
    for index in range(size):
        assert [tree.hash_of(s, hashes) for s in tree.inclusion(index, size)] == path(index, data)
        assert [tree.span(*place, size) for place in tree.siblings(index, size)] == tree.inclusion(index, size)
    for old in range(1, size):
        assert [tree.hash_of(s, hashes) for s in tree.consistency(old, size)] == subproof(old, data, True)  # noqa: FBT003 - RFC


@given(st.lists(st.binary(max_size=8), max_size=40), st.lists(st.lists(st.binary(max_size=8), max_size=9), max_size=6))
def test_appending_in_pieces_from_the_peaks_alone_gives_the_same_tree(start: list[bytes], pieces: list[list[bytes]]) -> None:
    kept = grown(start)
    data = list(start)
    for piece in pieces:
        peaks = {place: kept[place] for place in tree.peaks(len(data))}
        kept.update(tree.append(len(data), peaks, map(tree.leaf_hash, piece)))
        data += piece
    assert kept == grown(data)
    assert tree.root(len(data), kept) == mth(data)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=300), st.integers(0, 8))
def test_folding_some_levels_and_then_the_rest_is_folding_all(data: list[bytes], levels: int) -> None:
    leaves = [tree.leaf_hash(d) for d in data]
    assert tree.fold(tree.fold(leaves, levels)) == [mth(data)]


@given(st.integers(1, 1 << 60), st.data())
def test_a_proof_needs_few_places_at_any_size(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    spans = tree.inclusion(index, size)
    assert [tree.span(*place, size) for place in tree.siblings(index, size)] == spans
    needed = {place for span in spans for place in tree.places(span)}
    assert len(spans) <= size.bit_length()
    assert len(needed) <= 2 * size.bit_length()
    covered = sorted([Span(index, index + 1), *spans])
    assert covered[0].first == 0
    assert covered[-1].last == size
    assert all(left.last == right.first for left, right in pairwise(covered))


def test_a_known_answer_of_the_rfc() -> None:
    """The seven leaves of RFC 6962 section 2.1.3: PATH(0) is [b, h, l], PROOF(3, 7) is [c, d, g, l]."""
    assert tree.inclusion(0, 7) == [Span(1, 2), Span(2, 4), Span(4, 7)]
    assert tree.inclusion(6, 7) == [Span(4, 6), Span(0, 4)]
    assert tree.consistency(3, 7) == [Span(2, 3), Span(3, 4), Span(0, 2), Span(4, 7)]
    assert tree.consistency(4, 7) == [Span(4, 7)]
    assert tree.consistency(6, 7) == [Span(4, 6), Span(6, 7), Span(0, 4)]


def test_there_is_nothing_to_prove_about_no_tree_or_the_same_tree() -> None:
    assert tree.consistency(0, 7) == tree.consistency(7, 7) == []
    assert tree.root(0, {}) == tree.root_of([]) == sha256(b"").digest()


def test_a_lost_node_is_noticed() -> None:
    hashes = grown(DATA[:7])
    del hashes[Place(1, 2)]
    with pytest.raises(BrokenLog):
        tree.root(7, hashes)
    with pytest.raises(BrokenLog):
        list(tree.append(7, hashes, [b"x"]))
