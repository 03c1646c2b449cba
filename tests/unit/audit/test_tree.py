"""The tree against the recursive definition of RFC 6962 section 2.1, written down here once more and naively."""

from collections.abc import Iterable
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import tiles, tree
from kwartier.audit.errors import BrokenLog
from kwartier.audit.tiles import Tile
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


def added(kept: dict[Tile, bytes], size: int, piece: list[bytes]) -> dict[Tile, bytes]:
    """Add lines to a tree of `size` lines that is kept in tiles, knowing its peaks alone."""
    new = tiles.grown(size, nodes(kept, tree.peaks(size)), map(tree.leaf_hash, piece))
    return kept | {tile: kept.get(tile, b"") + some for tile, some in new.items()}


def nodes(kept: dict[Tile, bytes], wanted: Iterable[Place]) -> dict[Place, bytes]:
    """Return those of the wanted nodes that are in tiles."""
    where = {place: tiles.at(*place) for place in wanted}
    return {
        place: kept[tile][start : start + 32] for place, (tile, start) in where.items() if kept.get(tile, b"")[start : start + 32]
    }


def grown(data: list[bytes]) -> dict[Place, bytes]:
    """Return every complete subtree."""
    places = (Place(level, position) for level in range(len(data).bit_length()) for position in range(len(data) >> level))
    return nodes(added({}, 0, data), places)


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
    kept = added({}, 0, start)
    data = list(start)
    for piece in pieces:
        kept = added(kept, len(data), piece)
        data += piece
    assert kept == added({}, 0, data)
    assert tree.root(len(data), nodes(kept, tree.peaks(len(data)))) == mth(data)


@pytest.mark.parametrize("sizes", [[64], [63, 1, 1], [4095, 1, 1], [4096, 64], [1, 4160], [70, 8200]])
def test_tiles_are_full_or_the_beginning_of_what_they_will_be(sizes: list[int]) -> None:
    data = [b"%d" % n for n in range(sum(sizes))]
    kept: dict[Tile, bytes] = {}
    done = 0
    for size in sizes:
        after = added(kept, done, data[done : done + size])
        assert all(after[tile].startswith(some) for tile, some in kept.items())
        kept, done = after, done + size
        assert tree.root(done, nodes(kept, tree.peaks(done))) == mth(data[:done])
    assert {tile: len(some) for tile, some in kept.items() if tile[1] < done >> 6 * (tile[0] + 1)} == dict.fromkeys(
        [(level, n) for level in range(3) for n in range(done >> 6 * (level + 1))], 126 * 32
    )


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
        tiles.grown(7, hashes, [b"x"])
