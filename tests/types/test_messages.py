"""Messages and parts out of what people have. Nothing is fetched: there is no network in these tests."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatsdk import UsageError
from chatsdk._protocol.wire import encode_request
from chatsdk.messages import (
    MEDIA_TYPES,
    assistant,
    audio,
    developer,
    file,
    image,
    system,
    text,
    tool,
    user,
)
from chatsdk.types import CalledFunction, ChatRequest, FunctionCallParam
from tests.contract.schemas import own_validator

PNG = b"\x89PNG\r\n\x1a\n...."
JPEG = b"\xff\xd8\xff...."
WAV = b"RIFF....WAVE...."
MP3 = b"ID3...."
PDF = b"%PDF-1.7"
ADDRESS = "https://example.com/cat.png"
CALL = FunctionCallParam("call_1", CalledFunction("f", "{}"))
TEXT_PART = {"type": "text", "text": "Hi"}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("message", "json"),
    [
        (system("Hi"), {"role": "system", "content": "Hi"}),
        (system([text("Hi")], name="s"), {"role": "system", "content": [TEXT_PART], "name": "s"}),
        (developer("Hi"), {"role": "developer", "content": "Hi"}),
        (developer([text("Hi")], name="d"), {"role": "developer", "content": [TEXT_PART], "name": "d"}),
        (user("Hi"), {"role": "user", "content": "Hi"}),
        (user("Hi", name="u"), {"role": "user", "content": "Hi", "name": "u"}),
        (user("Hi", "Hi"), {"role": "user", "content": [TEXT_PART, TEXT_PART]}),
        (user(text("Hi")), {"role": "user", "content": [TEXT_PART]}),
        (
            user("Hi", image(ADDRESS)),
            {"role": "user", "content": [TEXT_PART, {"type": "image_url", "image_url": {"url": ADDRESS}}]},
        ),
        (assistant("Hi"), {"role": "assistant", "content": "Hi"}),
        (assistant(refusal="No.", name="a"), {"role": "assistant", "refusal": "No.", "name": "a"}),
        (
            assistant(tool_calls=[CALL]),
            {
                "role": "assistant",
                "tool_calls": [{"type": "function", "id": "call_1", "function": {"name": "f", "arguments": "{}"}}],
            },
        ),
        (tool("42", "call_1"), {"role": "tool", "content": "42", "tool_call_id": "call_1"}),
        (tool([text("Hi")], "call_1"), {"role": "tool", "content": [TEXT_PART], "tool_call_id": "call_1"}),
    ],
)
def test_a_message_is_what_the_api_calls_it(message: Any, json: dict[str, Any]) -> None:
    assert msgspec.to_builtins(message) == json
    body = msgspec.json.decode(encode_request(ChatRequest([message], model="m")))
    own_validator("request").validate(body)


def test_user_wants_something_to_say() -> None:
    with pytest.raises(UsageError, match="user"):
        user()


@pytest.mark.parametrize(
    ("source", "options", "url"),
    [
        (ADDRESS, {}, ADDRESS),
        ("HTTP://EXAMPLE.COM/CAT", {}, "HTTP://EXAMPLE.COM/CAT"),
        (uri("image/png", PNG), {}, uri("image/png", PNG)),
        (PNG, {}, uri("image/png", PNG)),
        (JPEG, {}, uri("image/jpeg", JPEG)),
        (b"GIF89a....", {}, uri("image/gif", b"GIF89a....")),
        (b"RIFF....WEBP", {}, uri("image/webp", b"RIFF....WEBP")),
        (b"?", {"media_type": "image/heic"}, uri("image/heic", b"?")),
        (PNG, {"media_type": "image/x-png"}, uri("image/x-png", PNG)),
    ],
    ids=["address", "loud address", "data URI", "png", "jpeg", "gif", "webp", "named kind", "the name wins"],
)
def test_an_image_is_an_address_or_becomes_a_data_uri(source: Any, options: dict[str, Any], url: str) -> None:
    assert msgspec.to_builtins(image(source, **options)) == {"type": "image_url", "image_url": {"url": url}}


def test_an_image_can_name_its_detail() -> None:
    assert msgspec.to_builtins(image(ADDRESS, detail="low"))["image_url"] == {"url": ADDRESS, "detail": "low"}
    assert msgspec.to_builtins(image(PNG, detail="high"))["image_url"]["detail"] == "high"


@pytest.mark.parametrize("as_given", [str, Path], ids=["str", "Path"])
def test_an_image_can_be_a_file(tmp_path: Path, as_given: Callable[[Path], Any]) -> None:
    path = tmp_path / "cat.PNG"
    path.write_bytes(b"no signature")
    assert msgspec.to_builtins(image(as_given(path)))["image_url"]["url"] == uri("image/png", b"no signature")


def test_what_a_file_holds_says_more_than_its_name(tmp_path: Path) -> None:
    path = tmp_path / "cat.jpg"
    path.write_bytes(PNG)
    assert msgspec.to_builtins(image(path))["image_url"]["url"] == uri("image/png", PNG)


@pytest.mark.parametrize(
    ("source", "options", "data", "format"),
    [
        (WAV, {}, WAV, "wav"),
        (MP3, {}, MP3, "mp3"),
        (b"\xff\xfb....", {}, b"\xff\xfb....", "mp3"),
        (b"\xff\xf3....", {}, b"\xff\xf3....", "mp3"),
        (b"\xff\xf2....", {}, b"\xff\xf2....", "mp3"),
        (b"?", {"format": "wav"}, b"?", "wav"),
        (b"?", {"format": "mp3"}, b"?", "mp3"),
        (uri("audio/x-wav", WAV), {}, WAV, "wav"),
        (uri("audio/wav;codecs=1", WAV), {}, WAV, "wav"),
        (uri("audio/mpeg", MP3), {}, MP3, "mp3"),
    ],
)
def test_sound_is_base64_and_a_format(source: Any, options: dict[str, Any], data: bytes, format: str) -> None:
    assert msgspec.to_builtins(audio(source, **options)) == {
        "type": "input_audio",
        "input_audio": {"data": base64.b64encode(data).decode(), "format": format},
    }


def test_sound_can_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hello.mp3"
    path.write_bytes(b"no signature")
    assert msgspec.to_builtins(audio(path))["input_audio"]["format"] == "mp3"


@pytest.mark.parametrize(
    ("arguments", "json"),
    [
        ({"file_id": "file-1"}, {"file_id": "file-1"}),
        ({"source": PDF}, {"file_data": uri("application/pdf", PDF)}),
        ({"source": PDF, "filename": "a.pdf"}, {"filename": "a.pdf", "file_data": uri("application/pdf", PDF)}),
        ({"source": b"a", "media_type": "text/plain"}, {"file_data": uri("text/plain", b"a")}),
        ({"source": uri("text/plain", b"a")}, {"file_data": uri("text/plain", b"a")}),
    ],
    ids=["id", "bytes", "bytes and name", "bytes and kind", "data URI"],
)
def test_a_file_is_an_id_or_its_content(arguments: dict[str, Any], json: dict[str, Any]) -> None:
    assert msgspec.to_builtins(file(**arguments)) == {"type": "file", "file": json}


@pytest.mark.parametrize("as_given", [str, Path], ids=["str", "Path"])
def test_a_file_from_a_path_has_its_name_unless_another_is_given(
    tmp_path: Path, as_given: Callable[[Path], Any]
) -> None:
    path = tmp_path / "notes.md"
    path.write_bytes(b"# Hi")
    json = {"filename": "notes.md", "file_data": uri("text/markdown", b"# Hi")}
    assert msgspec.to_builtins(file(as_given(path)))["file"] == json
    assert msgspec.to_builtins(file(as_given(path), filename="a.md"))["file"] == json | {"filename": "a.md"}


@pytest.mark.parametrize(("suffix", "kind"), MEDIA_TYPES.items(), ids=list(MEDIA_TYPES))
def test_the_kind_of_a_file_is_told_by_its_name(tmp_path: Path, suffix: str, kind: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"?")
    assert msgspec.to_builtins(file(path))["file"]["file_data"] == uri(kind, b"?")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: image(b"?"), "media_type"),
        (lambda: image(b""), "media_type"),
        (lambda: image("no/such/cat.png"), "cannot read the file 'cat.png'"),
        (lambda: image(Path("no/such/cat.png")), "cannot read the file 'cat.png'"),
        (lambda: image("a\0b"), "cannot read the file"),
        (lambda: image("."), "cannot read the file"),
        (lambda: audio(PNG), "not image/png"),
        (lambda: audio(b"?"), "media_type"),
        (lambda: audio(uri("audio/flac", b"?")), "not audio/flac"),
        (lambda: audio("https://example.com/hello.mp3"), "nothing is fetched"),
        (lambda: file("http://example.com/a.pdf"), "nothing is fetched"),
        (lambda: file("no/such/a.pdf"), "cannot read the file 'a.pdf'"),
        (lambda: file(b"?"), "media_type"),
        (lambda: file(), "a source or a file_id"),
        (lambda: file(PDF, file_id="file-1"), "a source or a file_id"),
    ],
)
def test_what_is_no_source_is_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize("make", [image, audio, file])
@pytest.mark.parametrize("source", [7, ["cat.png"], {"url": "cat.png"}], ids=repr)
def test_a_source_of_another_type_is_refused(make: Callable[[Any], Any], source: Any) -> None:
    with pytest.raises(UsageError):
        make(source)


def test_a_data_uri_without_base64_is_no_sound() -> None:
    with pytest.raises(UsageError):
        audio("data:audio/wav,RIFF")


def test_an_empty_file_id_is_no_file() -> None:
    with pytest.raises(UsageError):
        file(file_id="")
