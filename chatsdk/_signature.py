"""Gives methods the signature of `ChatRequest`, so that the list of parameters stands in one place.

At run time the methods take `*args, **kwargs`; type checkers, `help()` and editors see every parameter. Source of
the idea: PEP 612, whose `ParamSpec` carries a signature from one callable to another.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, TypeVar, cast, overload

from ._stream import ChatStream
from .types._base import UNSET, UnsetType
from .types.request import ChatRequest
from .types.response import ChatCompletion

P = ParamSpec("P")
OneShot = ParamSpec("OneShot")
Streamed = ParamSpec("Streamed")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

if TYPE_CHECKING:

    class _OneShot(ChatRequest, frozen=True, kw_only=True):
        stream: Literal[False] | None | UnsetType = UNSET

    class _Streamed(ChatRequest, frozen=True, kw_only=True):
        stream: Literal[True]

else:
    _OneShot = _Streamed = ChatRequest


class Method(Protocol[P, T_co]):
    """A method that takes the parameters of `P`."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co: ...


class CreateMethod(Protocol[OneShot, Streamed, P]):
    """`create`: what it gives depends on `stream`, which type checkers may know or not."""

    @overload
    async def __call__(self, *args: OneShot.args, **kwargs: OneShot.kwargs) -> ChatCompletion: ...
    @overload
    async def __call__(self, *args: Streamed.args, **kwargs: Streamed.kwargs) -> ChatStream: ...
    @overload
    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ChatCompletion | ChatStream: ...


def takes_parameters(request: Callable[P, object]) -> Callable[[Callable[..., T]], Method[P, T]]:
    """Decorates a method that takes the parameters of a request."""

    def decorate(method: Callable[..., T]) -> Method[P, T]:
        return cast(Method[P, T], _signed(method))

    return decorate


def _create(
    one_shot: Callable[OneShot, object], streamed: Callable[Streamed, object], either: Callable[P, object]
) -> Callable[[Callable[..., Any]], CreateMethod[OneShot, Streamed, P]]:
    return lambda method: cast(CreateMethod[OneShot, Streamed, P], _signed(method))


takes_parameters_of_create = _create(_OneShot, _Streamed, ChatRequest)


def _signed(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, telling `inspect` and so `help()` about the parameters."""
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = inspect.signature(ChatRequest).parameters.values()
    method.__signature__ = inspect.Signature([own, *parameters])  # type: ignore[attr-defined]
    return method
