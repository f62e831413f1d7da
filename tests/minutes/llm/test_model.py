"""The language model as a value: what is refused, and where the key is not."""

from __future__ import annotations

import pickle
import traceback
from typing import Any

import pytest

from pipeline.core.errors import SettingsError
from pipeline.minutes.llm.model import KEY, LanguageModel

SECRET = "sk-very-secret-1234567890"
URL = "http://127.0.0.1:8080/v1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8080",
        "file:///etc/passwd",
        "ftp://host/v1",
        "http://",
        "http:///v1",
        "http://host:0/v1",
        "http://host:99999/v1",
        "http://host:port/v1",
        "http://[::1/v1",
        f"http://user:{SECRET}@host/v1",
        f"http://{SECRET}@host/v1",
        f"http://host/v1?key={SECRET}",
        f"http://host/v1#{SECRET}",
        f"http://host/v1\r\nAuthorization: {SECRET}",
        "http://höst/v1",
        "http://host/v 1",
    ],
)
def test_an_address_that_is_refused_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        LanguageModel(url, "small")
    assert caught.value.where
    assert caught.value.hint
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", [URL, f"{URL}/", "https://models.example.org", "http://[::1]:8080/v1"])
def test_an_address_of_http_is_accepted(url: str) -> None:
    assert LanguageModel(url, "small").host in url


@pytest.mark.parametrize(
    "changes", [{"name": " "}, {"context": 0}, {"timeout": 0.0}, {"timeout": float("nan")}, {"timeout": float("inf")}]
)
def test_other_values_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        LanguageModel(**{"url": URL, "name": "small", **changes})


@pytest.mark.parametrize("key", [f"{SECRET}\n", f"{SECRET}\r\nX: y", f"{SECRET}é", ""])
def test_a_key_that_no_header_can_hold_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        LanguageModel(URL, "small", key=key)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.where == KEY


def test_the_key_is_read_from_the_environment_and_not_shown() -> None:
    model = LanguageModel.from_environment(URL, "small", environ={KEY: f"{SECRET}\n"})
    assert model.key == SECRET
    assert SECRET not in repr(model)
    assert SECRET not in str(model)
    assert pickle.loads(pickle.dumps(model)) == model  # a worker process gets the key too


@pytest.mark.parametrize("environ", [{}, {KEY: ""}, {KEY: "  "}])
def test_there_may_be_no_key(environ: dict[str, str]) -> None:
    assert LanguageModel.from_environment(URL, "small", environ=environ).key is None
