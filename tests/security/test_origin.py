"""Key and prompt reach one origin: redirects are errors, nothing is kept between calls, no netrc is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatsdk import AsyncChatClient, RedirectError, UsageError
from chatsdk.testing import ChatServer, Reply

from .canary import KEY, PASSWORD, assert_clean, error_of
from .network import LOCAL, Listener, Speaker

STATUSES = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("provider", "prefix"), [("openai", "/v1"), ("azure", "/openai/deployments/m")])
async def test_a_redirect_is_an_error_that_names_the_other_origin_which_nothing_reaches(
    status: int, provider: str, prefix: str
) -> None:
    """Azure's key goes in a header that HTTP libraries do not know for a secret."""
    async with (
        Listener() as trap,
        ChatServer(prefix=prefix) as server,
        AsyncChatClient(
            base_url=server.base_url, provider=provider, api_key=KEY, model="m", headers={"X-Own": KEY}
        ) as client,
    ):
        location = f"http://user:{PASSWORD}@{LOCAL}:{trap.port}/v1/chat/completions?key={PASSWORD}"
        server.enqueue(*[Reply.json(b"", status=status, headers={"location": location})] * 2)
        for call in (client.create, lambda prompt: client.stream(prompt).completion()):
            error = await error_of(call("Hi"))
            assert isinstance(error, RedirectError)
            assert (error.status, error.location) == (status, location)
            assert f"http://{LOCAL}:{trap.port}" in str(error)
            assert PASSWORD not in f"{error} {error!r} {error.args}"

        assert (trap.connections, bytes(trap.received)) == (0, b"")
        assert len(server.requests) == 2  # it is not tried again either


@pytest.mark.parametrize(
    "location", ["/v2/chat/completions", "//other.example/v1", "https://other.example", "", "http://[", None]
)
async def test_no_redirect_is_followed_wherever_it_points(
    client: AsyncChatClient, server: ChatServer, location: str | None
) -> None:
    server.enqueue(Reply.json(b"", status=307, headers={"location": location}))

    assert_clean(error := await error_of(client.create("Hi")))

    assert isinstance(error, RedirectError)
    assert len(server.requests) == 1


async def test_a_list_is_not_redirected_either() -> None:
    async with Listener() as trap:
        answer = f"HTTP/1.1 302 Found\r\nLocation: {trap.base_url}\r\nContent-Length: 0\r\n\r\n"
        async with Speaker(answer.encode()) as server, AsyncChatClient(base_url=server.base_url, api_key=KEY) as client:
            error = await error_of(anext(aiter(client.models.list())))

        assert isinstance(error, RedirectError)
        assert trap.origin in str(error)
        assert (trap.connections, server.connections) == (0, 1)


async def test_no_cookie_is_kept(client: AsyncChatClient, server: ChatServer) -> None:
    cookie = {"set-cookie": "session=1; Path=/"}
    server.enqueue(Reply.text("one", headers=cookie), Reply.error(500, "oops", headers=cookie))
    for _ in range(3):
        await client.with_options(timeout=30).create("Hi")

    assert len(server.requests) == 4
    assert not any("cookie" in request.headers for request in server.requests)


@pytest.mark.parametrize("trust_env", [False, True])
@pytest.mark.parametrize("api_key", [KEY, None])
async def test_no_netrc_is_read_even_where_the_environment_is_trusted(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trust_env: bool, api_key: str | None
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine {LOCAL} login user password {PASSWORD}\ndefault login user password {PASSWORD}\n")
    netrc.chmod(0o600)
    for _ in range(2):
        async with AsyncChatClient(base_url=server.base_url, api_key=api_key, model="m", trust_env=trust_env) as client:
            await client.create("Hi")
        monkeypatch.setenv("NETRC", str(netrc))

    expected = None if api_key is None else f"Bearer {KEY}"
    assert [request.headers.get("authorization") for request in server.requests] == [expected] * 2


async def test_a_missing_key_is_never_looked_for_elsewhere(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine api.openai.com login user password {PASSWORD}\n")

    async with AsyncChatClient(model="m", trust_env=True) as client:
        error = await error_of(client.create("Hi"))

    assert isinstance(error, UsageError)
    assert_clean(error)
