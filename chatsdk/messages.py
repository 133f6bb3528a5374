"""Messages and their parts, made of what people have: text, paths, bytes, web addresses, data URIs.

Nothing is fetched from the network. Files are read at once, on the thread that asks.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeGuard

from .errors import UsageError
from .types._base import UNSET, UnsetType
from .types.content import AudioPart, FilePart, ImagePart, ImageURL, InputAudio, InputFile, TextPart, UserPart
from .types.message import AssistantMessage, DeveloperMessage, SystemMessage, ToolMessage, UserMessage
from .types.tool import ToolCallParam

Source = str | Path | bytes
"""A path, the bytes themselves, or a `str` that is a web address, a data URI or else a path."""

MEDIA_TYPES = {
    ".aac": "audio/aac",
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".gif": "image/gif",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".md": "text/markdown",
    ".mp3": "audio/mpeg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".wav": "audio/wav",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

SIGNATURES: Sequence[tuple[int, bytes, str]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"%PDF-", "application/pdf"),
)
"""Offset, bytes found there, media type."""

AUDIO_FORMATS: Mapping[str, Literal["wav", "mp3"]] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


def system(content: str | Sequence[TextPart], *, name: str | UnsetType = UNSET) -> SystemMessage:
    """Instructions to the model."""
    return SystemMessage(content, name)


def developer(content: str | Sequence[TextPart], *, name: str | UnsetType = UNSET) -> DeveloperMessage:
    """Instructions of the developer, to a reasoning model."""
    return DeveloperMessage(content, name)


def user(*content: str | UserPart, name: str | UnsetType = UNSET) -> UserMessage:
    """What the user says: one text, or texts and parts in order, as in `user("What is this?", image("cat.png"))`."""
    if len(content) == 1 and isinstance(content[0], str):
        return UserMessage(content[0], name)
    if not content:
        raise UsageError("user() takes a text, or texts and parts")
    return UserMessage([TextPart(part) if isinstance(part, str) else part for part in content], name)


def assistant(
    content: str | None = None,
    *,
    tool_calls: Sequence[ToolCallParam] | UnsetType = UNSET,
    refusal: str | None | UnsetType = UNSET,
    name: str | UnsetType = UNSET,
) -> AssistantMessage:
    """An earlier answer. One that came from a server is better repeated by `completion.message.to_request()`."""
    return AssistantMessage(UNSET if content is None else content, refusal, name, tool_calls=tool_calls)


def tool(content: str | Sequence[TextPart], tool_call_id: str) -> ToolMessage:
    """The result of the tool call with this id."""
    return ToolMessage(content, tool_call_id)


def text(content: str) -> TextPart:
    """A part that is text."""
    return TextPart(content)


def image(
    source: Source, *, detail: Literal["auto", "low", "high"] | UnsetType = UNSET, media_type: str | None = None
) -> ImagePart:
    """A part that is an image. A web address is passed on, for the server to fetch; the rest becomes a data URI.

    Raises `UsageError` for a file that cannot be read, and for bytes that are no known image and have no
    `media_type`.
    """
    if is_address(source):
        return ImagePart(ImageURL(str(source), detail))
    return ImagePart(ImageURL(data_uri(source, media_type), detail))


def audio(source: Source, *, format: Literal["wav", "mp3"] | None = None) -> AudioPart:
    """A part that is sound: wav or mp3. Raises `UsageError` for other formats, unreadable files, web addresses."""
    refuse_address(source, "sound")
    header, _, data = data_uri(source, f"audio/{format}" if format else None).partition(";base64,")
    media_type = header[len("data:") :].partition(";")[0].lower()
    if media_type not in AUDIO_FORMATS:
        raise UsageError(f"sound is wav or mp3, not {media_type}")
    return AudioPart(InputAudio(data, AUDIO_FORMATS[media_type]))


def file(
    source: Source | None = None,
    *,
    filename: str | None = None,
    file_id: str | None = None,
    media_type: str | None = None,
) -> FilePart:
    """A part that is a file: its content and name, or the `file_id` of an uploaded one.

    Raises `UsageError` for a file that cannot be read, a web address, and bytes of a kind that cannot be told.
    """
    if (source is None) == (not file_id):
        raise UsageError("file() takes a source or a file_id")
    if source is None:
        return FilePart(InputFile(file_id=file_id or UNSET))
    refuse_address(source, "a file")
    if filename is None and is_path(source):
        filename = Path(source).name
    return FilePart(InputFile(filename=filename or UNSET, file_data=data_uri(source, media_type)))


def data_uri(source: Source, media_type: str | None) -> str:
    """A data URI (RFC 2397) of a path or of bytes; one that is given is passed on."""
    if is_data_uri(source):
        return str(source)
    suffix = ""
    if is_path(source):
        suffix = Path(source).suffix.lower()
        source = read_file(Path(source))
    if not isinstance(source, bytes):
        raise UsageError(f"a source is a path, bytes or a str, not {type(source).__name__}")
    kind = media_type or sniffed_type(source) or MEDIA_TYPES.get(suffix)
    if kind is None:
        raise UsageError("cannot tell what kind of data this is: pass media_type=, such as 'image/png'")
    return f"data:{kind};base64,{base64.b64encode(source).decode()}"


def read_file(path: Path) -> bytes:
    """The file's bytes. Raises `UsageError`."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the file {path.name!r}: {getattr(error, 'strerror', error)}") from None


def sniffed_type(data: bytes) -> str | None:
    """The media type that the first bytes give away."""
    return next((kind for at, mark, kind in SIGNATURES if data[at : at + len(mark)] == mark), None)


def is_address(source: Source) -> bool:
    """Whether the source is on the web."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def is_data_uri(source: Source) -> bool:
    """Whether the source is a data URI already."""
    return isinstance(source, str) and source[:5].lower() == "data:"


def is_path(source: Source) -> TypeGuard[str | Path]:
    """Whether the source is neither bytes nor something that says where it is by itself."""
    return isinstance(source, str | Path) and not is_address(source) and not is_data_uri(source)


def refuse_address(source: Source, what: str) -> None:
    """Raise `UsageError` for a web address: the API takes none here, and nothing is fetched."""
    if is_address(source):
        raise UsageError(f"the API takes no web address for {what}, and nothing is fetched: pass the bytes")
