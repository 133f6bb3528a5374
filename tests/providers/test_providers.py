"""The table of providers: how each is found, where its completions go, and in which header the key stands."""

from __future__ import annotations

import ast
import re
import string
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chatsdk
from chatsdk import UsageError, providers
from chatsdk.providers import PROVIDERS, REASONING_NAMES, Provider, find, named
from chatsdk.providers._address import (
    auth_header,
    completions_path,
    completions_url,
    default_base_url,
    has_auth,
    key_from,
)
from chatsdk.types import OutputMode
from chatsdk.types.message import AssistantMessage
from chatsdk.types.request import ChatRequest

PACKAGE = Path(chatsdk.__file__).parent

BEARER = ("authorization", "Bearer k")
API_KEY = ("api-key", "k")


class Row(NamedTuple):
    """A provider, a base URL of it (one that finds it, unless it is for named ones only), and what comes of both."""

    name: str
    base_url: str
    url: str
    auth: tuple[str, str] = BEARER
    is_found: bool = True


ROWS = [
    Row("openai", "https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
    Row("openai", "https://eu.api.openai.com/v1", "https://eu.api.openai.com/v1/chat/completions"),
    Row(
        "azure",
        "https://res.openai.azure.com",
        "https://res.openai.azure.com/openai/deployments/m%2F1/chat/completions?api-version=2024-10-21",
        API_KEY,
    ),
    Row(
        "azure",
        "https://res.openai.azure.com/openai/deployments/mine?api-version=2025-01-01&a=b",
        "https://res.openai.azure.com/openai/deployments/mine/chat/completions?api-version=2025-01-01&a=b",
        API_KEY,
    ),
    Row(
        "azure",
        "https://res.cognitiveservices.azure.com/openai",
        "https://res.cognitiveservices.azure.com/openai/deployments/m%2F1/chat/completions?api-version=2024-10-21",
        API_KEY,
    ),
    Row(
        "azure",
        "https://gateway.example/team/openai",
        "https://gateway.example/team/openai/deployments/m%2F1/chat/completions?api-version=2024-10-21",
        API_KEY,
        is_found=False,
    ),
    Row(
        "azure_v1",
        "https://res.openai.azure.com/openai/v1/",
        "https://res.openai.azure.com/openai/v1/chat/completions",
        API_KEY,
    ),
    Row(
        "azure_v1",
        "https://res.services.ai.azure.com/openai/v1",
        "https://res.services.ai.azure.com/openai/v1/chat/completions",
        API_KEY,
    ),
    Row(
        "azure_v1",
        "https://res.openai.azure.com",
        "https://res.openai.azure.com/openai/v1/chat/completions",
        API_KEY,
        is_found=False,
    ),
    Row(
        "azure_foundry",
        "https://res.services.ai.azure.com/models",
        "https://res.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview",
        API_KEY,
    ),
    Row(
        "azure_foundry",
        "https://res.services.ai.azure.com",
        "https://res.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview",
        API_KEY,
    ),
    Row("openrouter", "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions"),
    Row("groq", "https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/chat/completions"),
    Row("deepseek", "https://api.deepseek.com", "https://api.deepseek.com/chat/completions"),
    Row("deepseek", "https://api.deepseek.com/v1", "https://api.deepseek.com/v1/chat/completions"),
    Row("mistral", "https://api.mistral.ai/v1", "https://api.mistral.ai/v1/chat/completions"),
    Row(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
    ),
    Row("anthropic", "https://api.anthropic.com/v1", "https://api.anthropic.com/v1/chat/completions"),
    Row("xai", "https://api.x.ai/v1", "https://api.x.ai/v1/chat/completions"),
    Row("xai", "https://us-east-1.api.x.ai/v1", "https://us-east-1.api.x.ai/v1/chat/completions"),
    Row("together", "https://api.together.xyz/v1", "https://api.together.xyz/v1/chat/completions"),
    Row(
        "fireworks",
        "https://api.fireworks.ai/inference/v1",
        "https://api.fireworks.ai/inference/v1/chat/completions",
    ),
    Row("perplexity", "https://api.perplexity.ai", "https://api.perplexity.ai/chat/completions"),
    Row("cerebras", "https://api.cerebras.ai/v1", "https://api.cerebras.ai/v1/chat/completions"),
    Row("huggingface", "https://router.huggingface.co/v1", "https://router.huggingface.co/v1/chat/completions"),
    Row(
        "huggingface",
        "https://router.huggingface.co/novita/v3/openai",
        "https://router.huggingface.co/novita/v3/openai/chat/completions",
    ),
    Row(
        "dashscope",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions",
    ),
    Row(
        "dashscope_cn",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions",
    ),
    Row(
        "databricks",
        "https://dbc-1-2.cloud.databricks.com/serving-endpoints",
        "https://dbc-1-2.cloud.databricks.com/serving-endpoints/chat/completions",
    ),
    Row(
        "databricks",
        "https://adb-123.4.azuredatabricks.net/serving-endpoints",
        "https://adb-123.4.azuredatabricks.net/serving-endpoints/chat/completions",
    ),
    Row(
        "snowflake",
        "https://org-acct.snowflakecomputing.com/api/v2/cortex/v1",
        "https://org-acct.snowflakecomputing.com/api/v2/cortex/v1/chat/completions",
    ),
    Row(
        "cloudflare",
        "https://api.cloudflare.com/client/v4/accounts/a1/ai/v1",
        "https://api.cloudflare.com/client/v4/accounts/a1/ai/v1/chat/completions",
    ),
    Row("github", "https://models.github.ai/inference", "https://models.github.ai/inference/chat/completions"),
    Row("github", "https://models.inference.ai.azure.com", "https://models.inference.ai.azure.com/chat/completions"),
    Row("moonshot", "https://api.moonshot.cn/v1", "https://api.moonshot.cn/v1/chat/completions"),
    Row("scaleway", "https://api.scaleway.ai/v1", "https://api.scaleway.ai/v1/chat/completions"),
    Row("zai", "https://api.z.ai/api/coding/paas/v4", "https://api.z.ai/api/coding/paas/v4/chat/completions"),
    Row("ollama", "http://localhost:11434/v1", "http://localhost:11434/v1/chat/completions"),
    Row("ollama_cloud", "https://ollama.com/v1", "https://ollama.com/v1/chat/completions"),
    Row("lmstudio", "http://127.0.0.1:1234/v1", "http://127.0.0.1:1234/v1/chat/completions"),
    Row("vllm", "http://gpu:8000/v1", "http://gpu:8000/v1/chat/completions", is_found=False),
    Row("sglang", "http://gpu:30000/v1", "http://gpu:30000/v1/chat/completions", is_found=False),
    Row("tgi", "http://gpu:3000/v1", "http://gpu:3000/v1/chat/completions", is_found=False),
    Row("llamacpp", "http://gpu:8080/v1", "http://gpu:8080/v1/chat/completions", is_found=False),
    Row("litellm", "http://proxy:4000", "http://proxy:4000/chat/completions", is_found=False),
    Row("default", "https://llm.example/chat?v=1", "https://llm.example/chat/chat/completions?v=1"),
]

NAMES = list(PROVIDERS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name} {row.base_url}")
def test_a_provider_is_found_and_its_completions_have_an_address_and_a_key(row: Row) -> None:
    provider = PROVIDERS[row.name]
    if row.is_found:
        assert find(row.base_url) is provider
    assert completions_url(provider, row.base_url, "m/1") == row.url
    assert auth_header(provider, "k") == row.auth
    assert auth_header(provider, "t", is_token=True) == ("authorization", "Bearer t")


def test_every_provider_has_a_row() -> None:
    assert {row.name for row in ROWS} == set(NAMES)


# -- finding


def test_the_tables_are_sorted_and_complete() -> None:
    assert sorted(NAMES) == NAMES
    assert sorted(providers._HOSTS) == list(providers._HOSTS)
    assert set(providers._HOSTS) < set(NAMES)
    files = {path.stem for path in (PACKAGE / "providers").glob("[!_]*.py")}
    assert {place.partition(".")[0] for place in providers._PLACES.values()} == files
    assert len(PROVIDERS) == len(NAMES)


def test_no_two_providers_are_found_in_one_place() -> None:
    patterns = [pattern for patterns in providers._HOSTS.values() for pattern in patterns]
    assert len(set(patterns)) == len(patterns)
    assert all(re.fullmatch(r":[0-9]+|\.?[a-z0-9.-]+(/[a-z0-9/]*[a-z0-9])?", pattern) for pattern in patterns)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.openai.com.evil.example/v1",
        "https://evil-openrouter.ai/v1",
        "https://evil.example/api.groq.com/v1",
        "https://evil.example/?https://api.groq.com",
        "https://openai.azure.com.evil.example",
        "https://xopenai.azure.com/openai/v1",
        "https://openai.azure.com/openai/v1",
        "http://localhost:8000/v1",
        "http://gpu:11434/v1",
        "http://127.evil.example:11434/v1",
        "http://notlocalhost:11434/v1",
        "http://localhost/v1",
        "https://api.deepseek.co",
    ],
)
def test_a_host_that_only_looks_like_a_known_one_is_unknown(base_url: str) -> None:
    assert find(base_url) is PROVIDERS["default"]


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://API.GROQ.COM/openai/v1", "groq"),
        ("https://api.groq.com./openai/v1", "groq"),
        ("https://api.groq.com:443", "groq"),
        ("http://[::1]:11434", "ollama"),
        ("http://box.localhost:1234", "lmstudio"),
        ("https://res.openai.azure.com/openai/v10", "azure"),
        ("https://a.b.privatelink.snowflakecomputing.com", "snowflake"),
    ],
)
def test_spelling_does_not_hide_a_host(base_url: str, name: str) -> None:
    assert find(base_url) is PROVIDERS[name]


@pytest.mark.parametrize("base_url", ["http://[::1", "http://localhost:port"])
def test_finding_by_what_is_no_url_is_a_usage_error(base_url: str) -> None:
    with pytest.raises(UsageError, match="is not a URL"):
        find(base_url)


@given(st.text())
def test_finding_gives_a_provider_or_a_usage_error(text: str) -> None:
    for base_url in (text, f"https://{text}"):
        with suppress(UsageError):
            assert isinstance(find(base_url), Provider)


# -- naming


@pytest.mark.parametrize("name", NAMES)
def test_a_name_names_its_provider(name: str) -> None:
    assert named(name) is PROVIDERS[name]
    assert PROVIDERS[name].name == name
    assert name in PROVIDERS


@pytest.mark.parametrize(
    ("name", "meant"),
    [("llama.cpp", "llamacpp"), ("LM Studio", "lmstudio"), ("azure-v1", "azure_v1"), ("Z.ai", "zai"), ("xAI", "xai")],
)
def test_names_are_read_without_case_and_punctuation(name: str, meant: str) -> None:
    assert named(name) is PROVIDERS[meant]


def test_a_wrong_name_is_told_with_close_ones_and_all_there_are() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'openrouter'\?.*anthropic, azure,.*zai; or pass a Provider"):
        named("openroute")


@pytest.mark.parametrize("name", ["", "?", "zzzzzzzz", None, 7])
def test_what_is_like_no_name_gets_the_list_only(name: str) -> None:
    with pytest.raises(UsageError, match=r"^no such provider: There are anthropic, azure, "):
        named(name)


def test_the_mapping_names_its_providers() -> None:
    assert repr(PROVIDERS).startswith("<the providers anthropic, azure, ")
    with pytest.raises(KeyError):
        PROVIDERS["nobody"]


# -- fields


@pytest.mark.parametrize("name", NAMES)
def test_the_fields_of_a_provider_are_well_formed(name: str) -> None:
    provider = PROVIDERS[name]
    parameters = set(ChatRequest.__struct_fields__) - {"messages", "model", "extra_body"}
    changed = [*provider.renames, *provider.drops, *provider.refuses]

    assert provider.base_url is None or re.fullmatch(r"https?://[^?#]*[^/?#]", provider.base_url)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", variable) for variable in provider.key_variables)
    assert "OPENAI_API_KEY" not in provider.key_variables
    assert re.fullmatch(r"[a-z-]+", provider.key_header)
    assert re.fullmatch(r"[a-z-]+", provider.token_header)
    assert re.fullmatch(r"(/[a-z0-9{}]+)*/chat/completions", provider.completions_path)

    assert set(changed) <= parameters
    assert len(set(changed)) == len(changed), "a parameter is renamed, dropped or refused, not two of these"
    assert not set(provider.renames.values()) & set(changed)
    assert set(provider.roles) <= {"developer", "system"}
    assert provider.message_drops <= REASONING_NAMES
    assert provider.output_mode in get_args(OutputMode)
    assert not provider.quota_words & provider.rate_words


@pytest.mark.parametrize("name", NAMES)
def test_what_is_dropped_changes_no_answer(name: str) -> None:
    harmless = {
        "metadata",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "stream_options",
        "user",
    }
    assert PROVIDERS[name].drops <= harmless


@pytest.mark.parametrize("name", providers._HOSTS)
def test_a_provider_that_is_found_by_its_host_is_found_by_its_own_base_url(name: str) -> None:
    provider = PROVIDERS[name]
    assert provider.base_url
    assert find(re.sub(r"{\w+}", "any", provider.base_url)) is provider


@pytest.mark.parametrize("field", Provider.__struct_fields__)
def test_every_field_is_read_outside_of_the_modules_that_fill_it_in(field: str) -> None:
    """A quirk that nothing acts on is a remark and belongs into the module's docstring."""
    modules = {PACKAGE / "providers" / f"{place.partition('.')[0]}.py" for place in providers._PLACES.values()}
    readers = [path for path in PACKAGE.rglob("*.py") if path not in modules]
    assert any(re.search(rf"\bprovider\.{field}\b", path.read_text(encoding="utf-8")) for path in readers)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("mistral", set()),
        ("databricks", set()),
        ("groq", {"reasoning"}),
        ("cerebras", {"reasoning"}),
        ("default", REASONING_NAMES),
        ("deepseek", REASONING_NAMES),
        ("litellm", REASONING_NAMES),
        ("openrouter", REASONING_NAMES),
    ],
)
def test_a_server_gets_its_reasoning_back_by_the_names_it_takes(name: str, kept: set[str]) -> None:
    assert REASONING_NAMES - PROVIDERS[name].message_drops == kept


def test_members_of_reasoning_are_those_that_a_message_has_beyond_the_api() -> None:
    of_the_api = {"content", "refusal", "name", "audio", "tool_calls", "function_call"}
    assert set(AssistantMessage.__struct_fields__) - of_the_api == REASONING_NAMES


@pytest.mark.parametrize("name", NAMES)
def test_max_completion_tokens_is_renamed_where_only_max_tokens_is_known(name: str) -> None:
    takes_it = {"azure", "openai", "default", "anthropic", "cerebras", "dashscope", "fireworks", "gemini", "github"}
    takes_it |= {"groq", "litellm", "moonshot", "scaleway", "sglang", "snowflake", "vllm", "xai"}
    is_renamed = PROVIDERS[name].renames.get("max_completion_tokens") == "max_tokens"
    assert is_renamed != (name.partition("_")[0] in takes_it)


def test_all_are_asked_for_a_schema_by_response_format_but_these() -> None:
    modes = {name: PROVIDERS[name].output_mode for name in NAMES}
    assert {name: mode for name, mode in modes.items() if mode != "json_schema"} == {
        "cloudflare": "json_object",
        "dashscope": "json_object",
        "dashscope_cn": "json_object",
        "deepseek": "json_object",
        "ollama_cloud": "prompt",
        "zai": "json_object",
    }


@pytest.mark.parametrize("name", NAMES)
def test_what_asks_for_a_schema_is_sent(name: str) -> None:
    provider = PROVIDERS[name]
    asks = {"json_schema": "response_format", "tool": "tool_choice", "json_object": "response_format", "prompt": None}
    assert asks[provider.output_mode] not in {*provider.renames, *provider.drops, *provider.refuses}


def test_the_default_has_no_quirk() -> None:
    assert PROVIDERS["default"] == Provider(name="default", openai_environment=True)
    assert not PROVIDERS["default"].needs_key


# -- addresses


@pytest.mark.parametrize("name", NAMES)
def test_an_own_base_url_is_there_or_asked_for(name: str) -> None:
    provider = PROVIDERS[name]
    if provider.base_url and "{" not in provider.base_url:
        assert default_base_url(provider) == provider.base_url
    else:
        with pytest.raises(UsageError, match=f"provider '{name}' needs a base_url"):
            default_base_url(provider)


def test_the_shape_of_a_base_url_is_shown() -> None:
    with pytest.raises(UsageError, match=re.escape("needs a base_url like https://{resource}.openai.azure.com")):
        default_base_url(PROVIDERS["azure"])


def test_the_query_of_the_client_wins_over_the_providers() -> None:
    azure = PROVIDERS["azure"]
    url = completions_url(azure, "https://res.openai.azure.com", "m", {"api-version": "preview", "x": "1 2"})
    assert url == "https://res.openai.azure.com/openai/deployments/m/chat/completions?api-version=preview&x=1+2"


@pytest.mark.parametrize("model", ["", ".", ".."])
def test_a_model_that_cannot_stand_in_a_path_is_a_usage_error(model: str) -> None:
    with pytest.raises(UsageError, match="pass it as model="):
        completions_path(PROVIDERS["azure"], "/openai", model)
    path = completions_path(PROVIDERS["azure"], "/openai/deployments/mine", model)
    assert path == "/openai/deployments/mine/chat/completions"


@given(st.text(string.ascii_letters + "/?#%&.~ é", min_size=3))
def test_a_model_never_leaves_its_place_in_the_path(model: str) -> None:
    path = completions_path(PROVIDERS["azure"], "", model)
    assert re.fullmatch(r"/openai/deployments/[^/?#]+/chat/completions", path)


# -- keys


def test_a_provider_gets_no_key_of_another_vendor() -> None:
    environ = {"OPENAI_API_KEY": "sk-openai", "GROQ_API_KEY": "gsk"}
    with_openai_key = {name for name in NAMES if key_from(environ, PROVIDERS[name]) == "sk-openai"}
    own_or_unknown = {"openai", "default", "vllm", "sglang", "tgi", "llamacpp", "ollama", "lmstudio", "litellm"}
    assert with_openai_key == own_or_unknown
    assert [name for name in NAMES if key_from(environ, PROVIDERS[name]) == "gsk"] == ["groq"]


def test_the_key_of_one_vendor_has_one_name() -> None:
    vendors = [name.partition("_")[0] for name in NAMES]
    owners = {
        (variable, vendor)
        for name, vendor in zip(NAMES, vendors, strict=True)
        for variable in PROVIDERS[name].key_variables
    }
    assert len({variable for variable, _ in owners}) == len(owners)


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({}, None),
        ({"GEMINI_API_KEY": " ", "GOOGLE_API_KEY": " g "}, "g"),
        ({"GEMINI_API_KEY": "1", "GOOGLE_API_KEY": "2"}, "1"),
        ({"OPENAI_API_KEY": "o"}, None),
    ],
)
def test_the_first_variable_that_is_set_counts(environ: dict[str, str], key: str | None) -> None:
    assert key_from(environ, PROVIDERS["gemini"]) == key


def test_a_vendor_named_by_openai_base_url_gets_openai_api_key_unless_it_has_its_own() -> None:
    environ = {"OPENAI_API_KEY": "o"}
    openrouter = PROVIDERS["openrouter"]
    assert key_from(environ, openrouter, openai_base_url=True) == "o"
    assert key_from({**environ, "OPENROUTER_API_KEY": "r"}, openrouter, openai_base_url=True) == "r"


def test_a_header_may_hold_the_key_already() -> None:
    assert has_auth(PROVIDERS["azure"], {"api-key": "k"})
    assert has_auth(PROVIDERS["azure"], {"authorization": "Bearer t"})
    assert not has_auth(PROVIDERS["openai"], {"api-key": "k"})


# -- the rules


def test_looking_up_one_provider_loads_no_other() -> None:
    code = (
        "import sys; from chatsdk.providers import find, named; find('https://api.groq.com/v1'); named('xai');"
        "print(*(name for name in sys.modules if name.startswith('chatsdk.providers.')))"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    shown = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=True).stdout.split()
    assert {name.removeprefix("chatsdk.providers.") for name in shown} == {"_provider", "groq", "xai"}


@pytest.mark.parametrize("path", sorted((PACKAGE / "providers").glob("*.py")), ids=lambda path: path.stem)
def test_a_provider_module_imports_data_and_errors_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        "." * node.level + (node.module or "") for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    } - {"__future__"}
    if path.stem.startswith("_"):
        imported -= {"collections.abc", "importlib", "typing", "urllib.parse", "..errors", "..types._output_mode"}
    assert imported <= {"msgspec", "._provider"}
    assert ast.get_docstring(tree)


def asks_for_a_name(node: ast.AST) -> bool:
    """Whether code decides by the name of a provider."""
    subjects: list[ast.expr] = []
    if isinstance(node, ast.Compare):
        subjects = [node.left, *node.comparators]
    elif isinstance(node, ast.Match):
        subjects = [node.subject]
    elif isinstance(node, ast.Subscript):
        subjects = [node.slice]
    return any(re.search(r"\bprovider\.name\b|\bprovider_name\b", ast.unparse(subject)) for subject in subjects)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_code_decides_by_the_name_of_a_provider(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [ast.unparse(node) for node in ast.walk(tree) if asks_for_a_name(node)] == []


@pytest.mark.parametrize(
    "code", ["provider.name == 'a'", "self.provider.name in names", "TABLE[provider.name]", "'a' != provider_name"]
)
def test_deciding_by_a_name_would_be_seen(code: str) -> None:
    assert any(map(asks_for_a_name, ast.walk(ast.parse(code))))
    assert any(map(asks_for_a_name, ast.walk(ast.parse("match provider.name:\n  case _: pass"))))
