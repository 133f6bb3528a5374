"""What a provider's fields do to real requests: address, key, body, and how its errors are read."""

from __future__ import annotations

import pytest
from msgspec import structs

from chatsdk import AsyncChatClient, QuotaExceededError, RateLimitError, UsageError, assistant, developer, user
from chatsdk.providers import PROVIDERS, Provider
from chatsdk.testing import ChatServer, Reply

DEEPSEEK = PROVIDERS["deepseek"]


def root(server: ChatServer) -> str:
    return server.base_url.removesuffix("/v1")


async def test_azure_names_the_deployment_in_the_path_and_has_its_key_in_a_header_of_its_own() -> None:
    async with ChatServer(prefix="/openai/deployments/my-gpt") as server:
        origin = server.base_url.partition("/openai")[0]
        async with AsyncChatClient(provider="azure", base_url=origin, api_key="k", model="my-gpt") as client:
            await client.create("Hi")
            await client.stream("Hi").completion()

    for request in server.requests:
        assert request.path == "/openai/deployments/my-gpt/chat/completions"
        assert request.query == {"api-version": "2024-10-21"}
        assert request.headers["api-key"] == "k"
        assert "authorization" not in request.headers


async def test_an_azure_url_pasted_whole_works_and_a_token_is_no_key() -> None:
    async def token() -> str:
        return "entra"

    async with ChatServer(prefix="/openai/deployments/my-gpt") as server:
        pasted = f"{server.base_url}/chat/completions?api-version=2025-01-01"
        async with AsyncChatClient(provider="azure", base_url=pasted, api_key=token, model="other") as client:
            await client.create("Hi")

    assert server.requests[-1].path == "/openai/deployments/my-gpt/chat/completions"
    assert server.requests[-1].query == {"api-version": "2025-01-01"}
    assert server.requests[-1].headers["authorization"] == "Bearer entra"
    assert "api-key" not in server.requests[-1].headers


async def test_parameters_and_roles_go_by_the_providers_names(server: ChatServer) -> None:
    async with AsyncChatClient(provider=DEEPSEEK, base_url=server.base_url, api_key="k", model="m") as client:
        await client.create([developer("Be brief."), user("Hi")], max_completion_tokens=7)

    body = server.requests[-1].json
    assert body["messages"][0]["role"] == "system"
    assert body["max_tokens"] == 7
    assert "max_completion_tokens" not in body


@pytest.mark.parametrize(("name", "reasoning"), [("deepseek", "Hm."), ("default", "Hm."), ("mistral", None)])
async def test_reasoning_goes_back_unless_the_provider_refuses_it(
    server: ChatServer, name: str, reasoning: str | None
) -> None:
    async with AsyncChatClient(provider=name, base_url=server.base_url, api_key="k", model="m") as client:
        server.enqueue(Reply.text("42", reasoning="Hm."), Reply.text("ok"))
        answer = (await client.create("6 * 7?")).message.to_request()
        await client.create([user("6 * 7?"), answer, user("Sure?")])

    assert server.requests[-1].json["messages"][1].get("reasoning_content") == reasoning


async def test_signed_thinking_goes_back_to_a_proxy_as_it_came(server: ChatServer) -> None:
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"},
        {"type": "redacted_thinking", "data": "c2VhbGVk"},
    ]
    message = {"role": "assistant", "content": "42", "reasoning_content": "Hm.", "thinking_blocks": blocks}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    server.enqueue(Reply.json({"id": "c", "object": "chat.completion", "choices": [choice]}), Reply.text("ok"))
    async with AsyncChatClient(provider="litellm", base_url=server.base_url, api_key="k", model="m") as client:
        answer = (await client.create("6 * 7?")).message
        await client.create([user("6 * 7?"), answer.to_request(), user("Sure?")])

    assert server.requests[-1].json["messages"][1] == message


async def test_a_key_is_never_sent_to_another_vendor(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.setenv("OPENAI_ORG_ID", "org")
    async with AsyncChatClient(provider="deepseek", base_url=server.base_url, model="m") as client:
        with pytest.raises(UsageError, match="DEEPSEEK_API_KEY"):
            await client.create("Hi")

    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-deepseek")
    async with AsyncChatClient(provider="deepseek", base_url=server.base_url, model="m") as client:
        await client.create("Hi")

    assert server.requests[-1].headers["authorization"] == "Bearer sk-deepseek"
    assert "openai-organization" not in server.requests[-1].headers


async def test_the_words_of_a_providers_errors_are_its_own(server: ChatServer) -> None:
    slow = structs.replace(DEEPSEEK, rate_words=frozenset({"insufficient_quota"}))
    final = structs.replace(DEEPSEEK, quota_words=frozenset({"pot_is_empty"}))
    cases = [(slow, "insufficient_quota", RateLimitError), (final, "pot_is_empty", QuotaExceededError)]
    for provider, code, error in cases:
        server.enqueue(Reply.error(429, "no", code=code))
        async with AsyncChatClient(
            provider=provider, base_url=server.base_url, api_key="k", model="m", max_retries=0
        ) as client:
            with pytest.raises(error) as caught:
                await client.create("Hi")
        assert type(caught.value) is error


async def test_what_a_provider_would_lose_silently_is_a_usage_error(server: ChatServer) -> None:
    strict = structs.replace(DEEPSEEK, refuses=frozenset({"n"}))
    async with AsyncChatClient(provider=strict, base_url=server.base_url, api_key="k", model="m") as client:
        with pytest.raises(UsageError, match="n:"):
            await client.create("Hi", n=2)
        await client.create("Hi", n=1)
        await client.create([assistant("4"), user("Hi")], extra_body={"n": 2})

    assert [request.json.get("n") for request in server.requests] == [None, 2]


def test_a_provider_is_named_found_or_given() -> None:
    def provider_of(**settings: object) -> tuple[str, str]:
        options = AsyncChatClient(**settings)._caller.options  # type: ignore[arg-type]
        return options.provider.name, options.base_url

    assert provider_of() == ("openai", "https://api.openai.com/v1")
    assert provider_of(provider="groq") == ("groq", "https://api.groq.com/openai/v1")
    assert provider_of(base_url="https://api.groq.com/openai/v1/") == ("groq", "https://api.groq.com/openai/v1")
    assert provider_of(base_url="http://127.0.0.1:8000/v1") == ("default", "http://127.0.0.1:8000/v1")
    own = Provider(name="mine", base_url="https://mine.example/v1")
    assert provider_of(provider=own) == ("mine", "https://mine.example/v1")


@pytest.mark.parametrize("provider", ["grok-ish", 7, "azure"])
def test_a_provider_that_cannot_be_is_a_usage_error(provider: object) -> None:
    with pytest.raises(UsageError, match="provider"):
        AsyncChatClient(provider=provider)  # type: ignore[arg-type]
