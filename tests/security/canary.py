"""One key for all tests here, and ways to find it where it must not be.

`assert_clean` looks at everything that an object tells about itself, as far as a log, a crash reporter or a debugger
would get: at the locals of a traceback's frames, too. Frames of tests are left out: what a program has in variables of
its own is its own affair. `assert_masked` is for what has to hold the key, such as a client, and may not show it.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import logging
import pickle
import traceback
from collections import deque
from collections.abc import Awaitable, Generator, Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType, ModuleType, TracebackType
from typing import Any

import msgspec
import pytest

from chatsdk import ChatError

KEY = "sk-canary-0123456789"
PASSWORD = "pw-canary-0123456789"
BASIC = base64.b64encode(f"user:{PASSWORD}".encode()).decode()

SECRETS = tuple(secret[:16] for secret in (KEY, PASSWORD, BASIC))
"""What is looked for: the greater part of one is too much, too."""

DEPTH = 5
"""How many steps from an object to what it holds are looked at."""

TESTS = Path(__file__).parents[1]

OPAQUE = (type, ModuleType, FunctionType, MethodType, TracebackType, logging.Logger, asyncio.AbstractEventLoop)


def assert_clean(thing: Any, *, with_locals: bool = True) -> None:
    """Nothing that can be reached from the object shows a secret, nor do its traceback, pickle and copy."""
    for held in reachable(thing):
        for place, text in shown_by(held, with_locals):
            check(text, f"{place} of {type(held).__name__}, reached from {type(thing).__name__},")
    if isinstance(thing, ChatError):
        check(pickle.dumps(thing).decode("latin-1"), f"the pickled {type(thing).__name__}")
        for other in (pickle.loads(pickle.dumps(thing)), copy.deepcopy(thing), copy.copy(thing)):
            assert type(other) is type(thing)
            check(f"{other} {other!r} {vars(other)}", f"the copied {type(thing).__name__}")


def assert_masked(thing: Any) -> None:
    """Neither the object nor what it holds of ours shows a secret in its text; one that is masked may be in there."""
    for held in reachable(thing, ours_only=True):
        check(f"{held!s} {held!r}", f"the text of {type(held).__name__}, reached from {type(thing).__name__},")


def check(text: str, place: str) -> None:
    """No secret in the text. The message does not hold it either."""
    found = any(secret in text for secret in SECRETS)
    assert not found, f"{place} shows a secret"


def reachable(thing: Any, *, ours_only: bool = False) -> Iterator[Any]:
    """The object and all it holds: attributes public and private, slots, items, causes and contexts.

    With `ours_only` the insides of other libraries' objects, and of mappings that are no plain `dict`, are left alone.
    """
    seen: dict[int, Any] = {}
    layer = [thing]
    for _ in range(DEPTH):
        layer = [held for held in layer if id(held) not in seen and not isinstance(held, OPAQUE)]
        seen.update((id(held), held) for held in layer)
        layer = [inner for held in layer if not ours_only or is_ours(held) for inner in held_by(held)]
    yield from seen.values()


def is_ours(thing: Any) -> bool:
    own = type(thing).__module__.startswith("chatsdk") and not isinstance(thing, Mapping)
    return own or type(thing) in (dict, list, tuple, set, frozenset, deque)


def held_by(thing: Any) -> Iterator[Any]:
    if isinstance(thing, Mapping):
        yield from thing.keys()
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | frozenset | deque):
        yield from thing
    if isinstance(thing, BaseException):
        yield from (*thing.args, thing.__cause__, thing.__context__, getattr(thing, "__notes__", None))
    yield from (value for name, value in attributes_of(thing) if not is_mangled(name))


def attributes_of(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, str | bytes | int | float | None):
        return
    names = [*getattr(thing, "__dict__", {}), *getattr(thing, "__struct_fields__", ())]
    for cls in type(thing).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            own = name.startswith("__") and not name.endswith("__")
            names.append(f"_{cls.__name__.lstrip('_')}{name}" if own else name)
    for name in dict.fromkeys(names):
        if name not in ("__dict__", "__weakref__"):
            yield name, getattr(thing, name, None)


def is_mangled(name: str) -> bool:
    """Whether a class keeps the attribute to itself (`__name`): the one place where a secret may live."""
    return name.startswith("_") and "__" in name[1:] and not name.endswith("__")


def shown_by(thing: Any, with_locals: bool) -> Iterator[tuple[str, str]]:
    if isinstance(thing, bytes | bytearray):
        yield "the bytes", bytes(thing).decode("latin-1")
        return
    yield "str()", str(thing)
    yield "repr()", repr(thing)
    yield "format()", f"{thing:}" if type(thing).__format__ is not object.__format__ else ""
    if isinstance(thing, msgspec.Struct):
        yield "the JSON", msgspec.json.encode(thing, enc_hook=repr).decode()
    if isinstance(thing, BaseException):
        yield "args", repr(thing.args)
        yield "vars()", repr(vars(thing))
        yield "the traceback", "".join(traceback.format_exception(thing, chain=False))
        if with_locals:
            yield from locals_of(thing.__traceback__)


def locals_of(trace: TracebackType | None) -> Iterator[tuple[str, str]]:
    """What `traceback.TracebackException` with `capture_locals` shows, frame by frame."""
    for frame, line in traceback.walk_tb(trace):
        code = frame.f_code
        if not Path(code.co_filename).is_relative_to(TESTS):
            for name, value in frame.f_locals.items():
                yield f"the local {name!r} in {code.co_qualname}, line {line}, in a traceback", repr(value)


async def error_of(call: Awaitable[object]) -> BaseException:
    """The error that the call raises, any error; to be looked at outside of all handlers."""
    try:
        await call
    except BaseException as error:
        raised = error
    else:
        pytest.fail("nothing was raised")
    return raised


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test during which a secret was printed or logged. For any conftest: import it there."""
    report = yield
    told = [(name, text) for name, text in report.sections if name.endswith(report.when)]
    shown = [name for name, text in told if any(secret in text for secret in SECRETS)]
    if shown and report.passed:
        report.outcome = "failed"
        report.longrepr = f"a secret was shown: {', '.join(shown)}"
    return report
