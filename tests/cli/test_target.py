"""Which server is meant, by an option or by the environment."""

from __future__ import annotations

import pytest

from chatsdk.cli._target import Target


def test_nothing_is_known_at_first() -> None:
    assert not Target().is_known
    assert not Target(model="m").is_known


def test_an_option_is_enough() -> None:
    assert Target("http://localhost/v1").is_known


def test_a_key_alone_means_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert Target().is_known
    assert Target().shown_base_url == "https://api.openai.com/v1"


def test_the_environment_may_name_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost/v1?key=secret")
    assert Target().is_known
    assert Target().shown_base_url == "http://localhost/v1"
    assert Target("http://127.0.0.1/v1").shown_base_url == "http://127.0.0.1/v1"


def test_blank_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert not Target().is_known


def test_a_key_is_not_shown() -> None:
    assert "sk-secret" not in repr(Target(api_key="sk-secret"))
