"""How long a WebM recording is. One that is written as it comes says so nowhere but in its last cluster's time."""

CLUSTER = b"\x1f\x43\xb6\x75"
TIMESTAMP = 0xE7
SIMPLE_BLOCK = 0xA3
LONGEST_NUMBER = 8


def duration_seconds(end: bytes) -> float:
    """Return when the last block begins, from the end of the file (a megabyte is plenty); 0 when nothing tells.

    The timestamp scale is the one that browsers write: a millisecond.
    """
    at = end.rfind(CLUSTER)
    while at >= 0:
        found = _cluster_ms(end, at + len(CLUSTER))
        if found is not None:
            return found / 1000
        at = end.rfind(CLUSTER, 0, at)
    return 0.0


def _cluster_ms(data: bytes, at: int) -> int | None:
    """Return the time of a cluster's last block in milliseconds."""
    _, at = _number(data, at, keep_marker=False)
    began: int | None = None
    latest = 0
    while at < len(data):
        element, at = _number(data, at, keep_marker=True)
        size, at = _number(data, at, keep_marker=False)
        if size < 0 or element < 0:
            break
        if element == TIMESTAMP and 0 < size <= LONGEST_NUMBER:
            began = int.from_bytes(data[at : at + size], "big")
        elif element == SIMPLE_BLOCK and at + 3 <= len(data):
            _, after_track = _number(data, at, keep_marker=False)
            latest = max(latest, int.from_bytes(data[after_track : after_track + 2], "big", signed=True))
        at += size
    return None if began is None else began + latest


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """Read one of EBML's numbers and return it with where it ends; -1 for an unknown size or the end of the data."""
    if at >= len(data) or not data[at]:
        return -1, len(data)
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    if keep_marker:
        return value, at + length
    value -= 1 << (7 * length)
    unknown = value == (1 << (7 * length)) - 1
    return (-1 if unknown else value), at + length
