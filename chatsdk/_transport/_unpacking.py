"""Bodies that came packed, unpacked piece by piece, and only whole if their packing is.

aiohttp does this too, but takes a body that was cut inside its packing for a whole one.
"""

from __future__ import annotations

import zlib

from ..errors import ResponseDecodeError

PIECE = 1 << 18
"""Bytes that are unpacked at a time."""

GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS

PACKINGS = frozenset({"gzip", "x-gzip", "deflate"})


def unpacker_for(packing: str) -> Unpacker | None:
    """One for what a `content-encoding` says; `None` where it means that nothing is packed."""
    packing = packing.strip().lower()
    return None if packing in ("identity", "") else Unpacker(packing)


class Unpacker:
    """`feed` it what came, and `take` pieces until there is none."""

    __slots__ = ("_inflater", "_is_fresh", "_packed", "_packing")

    def __init__(self, packing: str) -> None:
        self._packing = packing
        self._packed = b""
        self._inflater = zlib.decompressobj(GZIP_OR_ZLIB)
        self._is_fresh = True

    def feed(self, data: bytes) -> None:
        """Bytes that came. Raises `ResponseDecodeError` for a packing that nobody here knows."""
        if self._packing not in PACKINGS:
            raise ResponseDecodeError(f"the answer is packed as {self._packing[:20]!r}, which was not asked for")
        self._packed += data
        if self._is_fresh and data:
            self._is_fresh = False
            if self._packing == "deflate" and self._packed[0] & 0x0F != zlib.DEFLATED:
                self._inflater = zlib.decompressobj(
                    RAW_DEFLATE
                )  # without the header it should have (RFC 9110, 8.4.1.2)

    def take(self) -> bytes:
        """The next piece, `b""` where more has to come first. Raises `ResponseDecodeError`."""
        while self._packed:
            if self._inflater.eof:
                self._inflater = zlib.decompressobj(GZIP_OR_ZLIB)  # gzip may have several members
            try:
                piece = self._inflater.decompress(self._packed, PIECE)
            except zlib.error as error:
                raise ResponseDecodeError(f"the answer is no sound {self._packing}: {error}") from None
            self._packed = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if piece:
                return piece
        return b""

    @property
    def is_within(self) -> bool:
        """Whether the packing has begun and not ended."""
        return not self._is_fresh and not self._inflater.eof
