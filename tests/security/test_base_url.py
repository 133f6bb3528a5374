"""Where a call may go: to the one origin that `base_url` names, and nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from chatsdk import AsyncChatClient, UsageError
from chatsdk.testing import ChatServer

from .canary import KEY, PASSWORD, assert_clean, error_of
from .network import Listener

REFUSED = {
    "": None,  # blank is unset
    "api.example.com/v1": "http",
    "//api.example.com/v1": "http",
    "ftp://api.example.com/v1": "http",
    "file:///etc/passwd": "http",
    "javascript:alert(1)": "http",
    "http://": "host",
    "http:///v1": "host",
    "https://:443/v1": "host",
    f"https://user:{PASSWORD}@api.example.com/v1": "user or password",
    f"https://{PASSWORD}@api.example.com/v1": "user or password",
    "https://@api.example.com/v1": "user or password",
    "https://good.example\\@evil.example/v1": "user or password",
    "https://good.example\\.evil.example/v1": "host",
    "https://good%2eexample/v1": "host",
    "https://good.example;evil.example/v1": "host",
    "https://api.example.com/v1#fragment": "fragment",
    "https://api.example.com:0/v1": "port",
    "https://api.example.com:65536/v1": "URL",
    "https://api.example.com:-1/v1": "URL",
    "https://api.example.com:80:90/v1": "URL|host",
    "https://[::1/v1": "URL",
    "https://api.example.com/v 1": "spaces",
    "https://api.example.com/v1\r\nX-Injected: 1": "control",
    "https://api.exa\tmple.com/v1": "control",
    " https://api.example.com/v1": "http|spaces",
    "https://ähnlich.example/v1": "host|spaces",
}


@pytest.mark.parametrize(("url", "problem"), [pair for pair in REFUSED.items() if pair[1]], ids=ascii)
def test_a_base_url_that_could_mean_two_things_is_refused_and_not_repeated(url: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        AsyncChatClient(base_url=url, api_key=KEY)

    assert_clean(caught.value)
    assert url[10:] not in str(caught.value) or not url[10:]


ACCEPTED = [
    "https://api.example.com",
    "https://api.example.com:8443/v1/",
    "http://localhost:8000/v1",
    "http://vllm_server:8000/v1",
    "http://127.0.0.1:8000/v1",
    "http://[::1]:8000/v1",
    "HTTPS://API.EXAMPLE.COM/v1",
    "https://api.example.com/a//b/v1?api-version=1&tenant=x",
]


@pytest.mark.parametrize("url", ACCEPTED)
def test_a_base_url_keeps_its_origin_and_its_query(url: str) -> None:
    client = AsyncChatClient(base_url=url, api_key=KEY)

    options = client._caller.options
    for called in (options.completions_url("m"), options.url("models", "//evil.example", "..x")):
        assert urlsplit(called)[:2] == urlsplit(url)[:2]
        assert urlsplit(called).query == urlsplit(url).query


def test_only_a_base_url_that_says_http_is_called_without_tls() -> None:
    """Typing `http://` is what allows it: there is no other way there from the default, or from `https://`."""
    for settings in ({}, {"provider": "groq"}, {"base_url": "https://api.example.com/v1"}):
        client = AsyncChatClient(api_key=KEY, **settings)  # type: ignore[arg-type]
        assert client._caller.options.completions_url("m").startswith("https://")


async def test_a_base_url_whose_query_is_a_key_is_shown_without_it(server: ChatServer) -> None:
    async with AsyncChatClient(base_url=f"{server.base_url}?key={KEY}", model="m", max_retries=0) as client:
        assert KEY not in repr(client) + str(client)
        await client.create("Hi")
        assert server.requests[-1].query == {"key": KEY}

        await server.aclose()
        assert_clean(await error_of(client.create("Hi")), with_locals=False)


@pytest.mark.parametrize(
    ("given", "environ", "sent_to"),
    [
        ("argument", "environment", "argument"),
        (None, "environment", "environment"),
        (None, " environment ", "environment"),
        ("", "environment", "environment"),
    ],
)
async def test_an_argument_comes_before_the_environment_and_blank_is_unset(
    monkeypatch: pytest.MonkeyPatch, given: str | None, environ: str, sent_to: str
) -> None:
    async with Listener() as argument, Listener() as environment:
        urls = {"argument": argument.base_url, "environment": environment.base_url}
        monkeypatch.setenv("OPENAI_BASE_URL", environ.replace("environment", environment.base_url))
        client = AsyncChatClient(base_url=urls.get(given or "", given), model="m")

    assert client._caller.options.base_url == urls[sent_to]


@pytest.mark.parametrize("base_url", [None, "https://api.openai.com/v1", "http://localhost:8000/v1"])
def test_a_blank_key_in_the_environment_is_none(monkeypatch: pytest.MonkeyPatch, base_url: str | None) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " ")

    assert AsyncChatClient(base_url=base_url)._caller.options.api_key is None


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.groq.com/openai/v1",
        "https://api.deepseek.com",
        "https://mine.openai.azure.com",
        "https://openrouter.ai/api/v1",
    ],
)
def test_the_key_of_one_vendor_is_not_sent_to_another(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    assert AsyncChatClient(base_url=base_url)._caller.options.api_key is None

    monkeypatch.setenv("OPENAI_BASE_URL", base_url)
    assert AsyncChatClient()._caller.options.api_key is not None  # the two variables belong together
