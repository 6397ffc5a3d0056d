"""A stream of which something was read to look at it, whole again."""

from __future__ import annotations

import io


class Rejoined(io.RawIOBase):
    """A stream that can't be rewound, with what was read from it put back in front.

    Args:
        head: what was read.
        rest: where the rest is.
        trouble: why there is no rest.
    """

    def __init__(
        self, head: bytes, rest: io.BufferedIOBase, trouble: Exception | None = None
    ) -> None:
        self._head = head
        self._rest = rest
        self._trouble = trouble

    def readable(self) -> bool:
        """That it can be read, as `io` asks."""
        return True

    # The type says any buffer; what `io` hands over is one of these.
    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read into a buffer as much as there is, at most its size; 0 at the end."""
        if not self._head and self._trouble is not None:
            raise self._trouble
        # What there is by now: whoever writes to the other end may take a pause.
        piece = self._head[: len(buffer)] if self._head else self._rest.read1(len(buffer))
        self._head = self._head[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close the stream below, too."""
        self._rest.close()
        super().close()
