"""Lines of a file that somebody else is writing: from any offset, in any encoding, with flat memory.

Only whole lines are told; an unfinished last one waits. Nothing here knows what a line means.
"""

from __future__ import annotations

import hashlib
import locale
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

LONGEST_LINE = 64 * 1024  # bytes; a job's row has a few hundred
_BLOCK = 256 * 1024
_HEAD, _TAIL = 1024, 256


# Windows' and DOS's code pages: what programs write in on servers of other languages.
_CODE_PAGES = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp932", "cp936",
    "cp949", "cp950", "cp850", "cp852", "cp866",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file writes characters.

    `name` "" is UTF-8, and an 8-bit code page where a line is none: `page`, where the file's own words have told it,
    else the machine's.
    """

    name: str
    bom: int
    newline: bytes
    page: str = ""

    def decode(self, raw: bytes) -> str:
        return self._decode(raw, self.page or _code_page())

    def identity(self, raw: bytes) -> str:
        """Return a line's text by which its job is known, whatever code page was found out later."""
        return self._decode(raw, _code_page())

    def _decode(self, raw: bytes, page: str) -> str:
        if self.name:
            return raw.decode(self.name, "replace")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode(page, "replace")

    def candidates(self, raw: bytes) -> Iterator[Encoding]:
        """Yield the encodings that a line may be written in, the likeliest first."""
        yield self
        if not self.name and not _is_utf_8(raw):
            for page in _CODE_PAGES:
                yield replace(self, page=page)


_UTF_8 = Encoding("", 0, b"\n")


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _code_page() -> str:
    """Return the 8-bit code page that programs of this machine write in: PaperCut's, since it runs here too."""
    own = locale.getencoding().lower()
    return own if own.startswith(("cp12", "cp8", "iso8859", "iso-8859")) else "cp1252"


def encoding_of(file: BinaryIO) -> Encoding:
    """Return the encoding that a file's first bytes announce."""
    file.seek(0)
    start = file.read(3)
    if start.startswith(b"\xef\xbb\xbf"):
        return Encoding("", 3, b"\n")
    if start.startswith(b"\xff\xfe"):
        return Encoding("utf-16-le", 2, b"\n\x00")
    if start.startswith(b"\xfe\xff"):
        return Encoding("utf-16-be", 2, b"\x00\n")
    return _UTF_8


def fingerprint(file: BinaryIO, offset: int) -> str:
    """Return what tells that the first `offset` bytes of a file are still the same: its head and what ends there."""
    file.seek(0)
    head = file.read(min(offset, _HEAD))
    file.seek(max(0, offset - _TAIL))
    tail = file.read(min(offset, _TAIL))
    return hashlib.blake2b(head + b"|" + tail, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. `raw` None: it was too long to be kept. `finished` False: the file ends within it."""

    start: int
    end: int
    raw: bytes | None
    finished: bool = True


def lines(file: BinaryIO, offset: int, encoding: Encoding) -> Iterator[Line]:
    """Yield the lines from `offset` on, which must be the start of one; the last one may be unfinished."""
    newline = encoding.newline
    width = len(newline)
    position = max(offset, encoding.bom)
    pending = b""
    too_long_from: int | None = None
    while True:
        file.seek(position + len(pending))  # the caller may have looked elsewhere since the last block
        block = file.read(_BLOCK)
        if not block:
            break
        data = pending + block
        start = 0
        while (end := _line_end(data, start, newline)) >= 0:
            after = position + end + width
            if too_long_from is not None:
                yield Line(too_long_from, after, None)
                too_long_from = None
            elif end - start > LONGEST_LINE:
                yield Line(position + start, after, None)
            else:
                yield Line(position + start, after, data[start:end])
            start = end + width
        position += start
        pending = data[start:]
        if len(pending) > LONGEST_LINE:
            too_long_from = position if too_long_from is None else too_long_from
            keep = len(pending) % width
            position += len(pending) - keep
            pending = pending[len(pending) - keep :]
    if too_long_from is not None:
        yield Line(too_long_from, position + len(pending), None, finished=False)
    elif pending:
        yield Line(position, position + len(pending), pending, finished=False)


def _line_end(data: bytes, start: int, newline: bytes) -> int:
    """Return where the next line end stands, -1 for none; in UTF-16 only a whole character counts."""
    end = data.find(newline, start)
    while end >= 0 and (end - start) % len(newline):
        end = data.find(newline, end + 1)
    return end
