"""What a mail may cost, checked on its raw bytes in linear time before any parser sees it."""

import re

MAX_BYTES = 10 * 1024 * 1024
MAX_HEADER_BYTES = 100 * 1024
MAX_HEADERS = 200
MAX_PARTS = 100
MAX_NESTED = 20

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_BOUNDARY = re.compile(rb"boundary\s{0,10}=\s{0,10}\"?([^\"\s;]{1,200})", re.IGNORECASE)
_HEADER_LINE = re.compile(rb"^[!-9;-~]{1,200}:", re.MULTILINE)
_MESSAGE_PART = re.compile(rb"^content-type:\s{0,10}message/", re.IGNORECASE | re.MULTILINE)


def header_block(raw: bytes) -> bytes:
    """Return the mail's own header fields, at most 100 KiB of them, ended by a blank line."""
    window = raw[: MAX_HEADER_BYTES + 4]
    end = _HEADER_END.search(window)
    return window[: end.start() if end else MAX_HEADER_BYTES] + b"\r\n\r\n"


def overdraft(raw: bytes) -> str:
    """Return why the mail may not be parsed, as a sentence for its sender; '' when it is modest."""
    if len(raw) > MAX_BYTES:
        return "the mail is larger than 10 MiB"
    head = header_block(raw)
    if len(head) >= MAX_HEADER_BYTES:
        return "the mail's header fields are longer than 100 KiB"
    if len(_HEADER_LINE.findall(head)) > MAX_HEADERS:
        return f"the mail has more than {MAX_HEADERS} header fields"
    boundaries = _BOUNDARY.findall(raw)
    if len(boundaries) > MAX_PARTS or len(_MESSAGE_PART.findall(raw)) > MAX_NESTED:
        return "the mail is nested too deeply"
    if _parts(raw, {boundary.rstrip() for boundary in boundaries}) > MAX_PARTS:
        return f"the mail has more than {MAX_PARTS} parts"
    return ""


def _parts(raw: bytes, boundaries: set[bytes]) -> int:
    """Count the lines that open a part."""
    count = 0
    at = 0 if raw.startswith(b"--") else raw.find(b"\n--")
    while at >= 0 and boundaries:
        start = at + 2 if raw.startswith(b"--", at) else at + 3
        line = raw[start : start + 210].partition(b"\n")[0].rstrip()
        count += line in boundaries
        at = raw.find(b"\n--", start)
    return count
