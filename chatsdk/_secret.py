"""A text that shows itself to nobody who only prints it: in a log, a traceback with locals, a debugger's list."""

from __future__ import annotations

from typing import NoReturn

MASK = "***"


class Secret:
    """Holds a key. Only `reveal` gives it."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The key itself."""
        return self.__text

    def __repr__(self) -> str:
        return MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is neither pickled nor copied")


class SecretHeaders(dict[str, str]):
    """Headers that show their names only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, MASK))

    def __reduce__(self) -> NoReturn:
        raise TypeError("headers may hold a key, and are neither pickled nor copied")
