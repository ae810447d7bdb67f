"""A long WebM recording cut into shorter ones, each a file of its own that begins at zero."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, overload

from agent.rules.webm import CLUSTER, LONGEST_NUMBER, TIMESTAMP


class Content(Protocol):
    """The bytes of a file, in memory or mapped into it."""

    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, at: int, /) -> int: ...

    @overload
    def __getitem__(self, at: slice, /) -> bytes: ...

    def find(self, sub: bytes, start: int = ..., /) -> int:
        """Return where `sub` stands next, -1 where it does not."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, and how many seconds into the whole it begins."""

    starts_at_seconds: float
    content: bytes


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Where a cluster lies, its time in milliseconds, and where that is written."""

    start: int
    end: int
    time_ms: int
    time_at: slice


def pieces(data: Content, limit_bytes: int) -> Iterator[Piece]:
    """Yield files of at most `limit_bytes`; a cluster that is longer alone comes alone. All of a file without clusters.

    Cut is between clusters, whose times are counted anew from the piece's first: servers differ in what they make of
    a file that begins late. The timestamp scale is the one that browsers write: a millisecond.
    """
    clusters = _clusters(data)
    if len(data) <= limit_bytes or not clusters:
        yield Piece(0.0, data[:])
        return
    head = data[: clusters[0].start]
    gathered: list[_Cluster] = []
    for cluster in clusters:
        if gathered and len(head) + cluster.end - gathered[0].start > limit_bytes:
            yield _piece(data, head, gathered)
            gathered = []
        gathered.append(cluster)
    yield _piece(data, head, gathered)


def _piece(data: Content, head: bytes, gathered: list[_Cluster]) -> Piece:
    begins_ms = gathered[0].time_ms
    content = bytearray(head)
    for cluster in gathered:
        moved = bytearray(data[cluster.start : cluster.end])
        size = cluster.time_at.stop - cluster.time_at.start
        moved[cluster.time_at] = max(0, cluster.time_ms - begins_ms).to_bytes(size, "big")
        content += moved
    return Piece(begins_ms / 1000, bytes(content))


def _clusters(data: Content) -> list[_Cluster]:
    """Find the clusters in order. Sound may hold a cluster's mark by chance, but hardly one that a later time follows."""
    found: list[tuple[int, int, slice]] = []
    at = data.find(CLUSTER)
    while at >= 0:
        told = _time(data, at + len(CLUSTER))
        if told and (not found or told[0] >= found[-1][1]):
            found.append((at, *told))
        at = data.find(CLUSTER, at + len(CLUSTER))
    ends = [*(start for start, _, _ in found[1:]), len(data)][: len(found)]
    return [
        _Cluster(start, end, time, slice(written.start - start, written.stop - start))
        for (start, time, written), end in zip(found, ends, strict=True)
    ]


def _time(data: Content, at: int) -> tuple[int, slice] | None:
    """Read the time that stands first in a cluster whose size is written at `at`."""
    if at >= len(data) or not data[at]:
        return None
    at += 9 - data[at].bit_length()
    if data[at : at + 1] != bytes([TIMESTAMP]) or at + 2 > len(data):
        return None
    size = data[at + 1] & 0x7F
    written = slice(at + 2, at + 2 + size)
    if not data[at + 1] & 0x80 or not 0 < size <= LONGEST_NUMBER or written.stop > len(data):
        return None
    return int.from_bytes(data[written], "big"), written
