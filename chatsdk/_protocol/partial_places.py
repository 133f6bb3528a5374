"""Where values go as they come: into arrays and objects that are in the view, or that are not until they are whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from .output import InvalidOutput
from .partial_json import Take
from .partial_types import NOTHING, PLAIN, Shape
from .partial_views import Record


class Target(ABC):
    """A place for values of a shape. What is whole but out of the view goes to the `owner`, to be read as its type."""

    is_list = False

    def __init__(self, shape: Shape, is_seen: bool = True, owner: Target | None = None) -> None:
        self.shape = shape
        self.is_seen = is_seen
        self.is_whole = True
        self.owner = owner

    @abstractmethod
    def put(self, value: Any) -> None:
        """Hold a value, as it is."""

    @abstractmethod
    def take(self) -> Any:
        """The value put last, and nothing else holds it any more."""

    def name(self, name: str) -> bool:
        return False

    def begin(self, is_list: bool) -> Target:
        shape = self.shape
        if shape is NOTHING:
            return IGNORED[is_list]
        if is_list:
            items: list[Any] = []
            if not shape.item:
                return ListTarget(items, PLAIN, False, self)
            self.put(items)
            return ListTarget(items, shape.item(), self.is_seen)
        if shape.tags:
            return TaggedTarget(self)
        return self.begin_object(shape.record) if shape.record else ObjectTarget(OBJECT, {}, False, self)

    def begin_object(self, record: Record) -> Target:
        view = record.make()
        self.put(view)
        return ObjectTarget(record, view, self.is_seen)

    def begin_text(self) -> Take | None:
        if not self.shape.is_text:
            return None
        self.put("")
        return self.grow

    def grow(self, piece: str) -> bool:
        text = self.take()
        text += piece  # in place, since no one else holds it: all pieces of a long text cost what it has letters
        self.put(text)
        return self.is_seen

    def scalar(self, value: object) -> bool:
        if self.shape is NOTHING:
            return False
        try:
            made = self.shape.read(value)
        except InvalidOutput:
            self.is_whole &= value is None
            return False
        self.put(made)
        return self.is_seen

    def refuse(self) -> None:
        self.is_whole &= self.shape is NOTHING

    def end(self) -> bool:
        return False


class ListTarget(Target):
    """An open array."""

    is_list = True

    def __init__(self, items: list[Any], shape: Shape, is_seen: bool, owner: Target | None = None) -> None:
        super().__init__(shape, is_seen, owner)
        self._items = items

    def put(self, value: Any) -> None:
        self._items.append(value)

    def take(self) -> Any:
        return self._items.pop()

    def end(self) -> bool:
        return self.owner.scalar(self._items) if self.owner else False


class ObjectTarget(Target):
    """An open object."""

    def __init__(self, record: Record, view: Any, is_seen: bool, owner: Target | None = None) -> None:
        super().__init__(NOTHING, is_seen, owner)
        self._record = record
        self._view = view
        self._key = ""

    def name(self, name: str) -> bool:
        member = self._record.member(name)
        self._key, self.shape = (member.key, member.shape) if member else ("", NOTHING)
        return False

    def put(self, value: Any) -> None:
        self._record.put(self._view, self._key, value)

    def take(self) -> Any:
        text = self._record.get(self._view, self._key)
        self._record.put(self._view, self._key, "")
        return text

    def end(self) -> bool:
        if self.owner:
            return self.owner.scalar(self._view)
        return self.is_whole and self._record.finish(self._view) and self.is_seen


class Delegate(ObjectTarget):
    """An object of which is known only later what it is: all goes to `inner` then."""

    inner: Target | None = None

    def name(self, name: str) -> bool:
        return (self.inner.name if self.inner else super().name)(name)

    def begin(self, is_list: bool) -> Target:
        return (self.inner.begin if self.inner else super().begin)(is_list)

    def begin_text(self) -> Take | None:
        return (self.inner.begin_text if self.inner else super().begin_text)()

    def scalar(self, value: object) -> bool:
        return (self.inner.scalar if self.inner else super().scalar)(value)

    def refuse(self) -> None:
        (self.inner.refuse if self.inner else super().refuse)()

    def end(self) -> bool:
        return (self.inner.end if self.inner else super().end)()


class TaggedTarget(Delegate):
    """One of several Structs: what comes before the tag is kept aside."""

    def __init__(self, owner: Target) -> None:
        super().__init__(OBJECT, {}, False, owner)
        self._options = owner.shape

    def begin_text(self) -> Take | None:
        is_tag = not self.inner and self._key == self._options.tag_field
        return None if is_tag else super().begin_text()

    def scalar(self, value: object) -> bool:
        is_tag = not self.inner and self._key == self._options.tag_field
        changed = super().scalar(value)
        return self._decide(value) if is_tag else changed

    def _decide(self, tag: object) -> bool:
        record = (self._options.tags or {}).get(tag)
        if not record or not self.owner:
            return False
        inner = self.owner.begin_object(record)
        for name, value in self._view.items():
            inner.name(name)
            inner.scalar(value)
        self.inner, self.is_seen = inner, self.owner.is_seen
        return self.is_seen


class RootTarget(Target):
    """Where the view is."""

    def __init__(self, shape: Shape, is_wrapped: bool) -> None:
        super().__init__(shape)
        self.view: Any = None
        self._is_wrapped = is_wrapped

    def put(self, value: Any) -> None:
        self.view = value

    def take(self) -> Any:
        text, self.view = self.view, None
        return text

    def begin(self, is_list: bool) -> Target:
        return WrapperTarget(self) if self._is_wrapped and not is_list else self.begin_value(is_list)

    def begin_value(self, is_list: bool) -> Target:
        return super().begin(is_list)


class WrapperTarget(Delegate):
    """The object around a root that is none, whose one property is `value`; or such a root that came without it."""

    def __init__(self, root: RootTarget) -> None:
        super().__init__(OBJECT, {}, False)
        self._root = root
        self._is_first = True

    def put(self, value: Any) -> None:
        self._root.put(value)

    def take(self) -> Any:
        return self._root.take()

    def name(self, name: str) -> bool:
        root, is_first, self._is_first = self._root.shape, self._is_first, False
        if is_first and name != "value" and not (root.item or root.is_text):
            self.inner = self._root.begin_value(False)
        if self.inner:
            changed = self.inner.name(name) or (is_first and self.inner.is_seen)
            self.is_seen = self.inner.is_seen
            return changed
        self.is_seen = True
        self.shape = root if name == "value" else NOTHING
        return False


class Ignored(Target):
    """An array or object that nobody has asked for, with all that is in it."""

    def __init__(self, is_list: bool) -> None:
        super().__init__(NOTHING, False)
        self.is_list = is_list

    def put(self, value: Any) -> None:
        """Nothing is ever put here, since nothing is wanted."""

    def take(self) -> Any:
        """There is nothing."""


OBJECT: Any = PLAIN.record

IGNORED = (Ignored(False), Ignored(True))
