"""Which language model: where it is served, its name, its context, and the key."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, urlsplit

from pipeline.core.errors import SettingsError

CONTEXT = 8192
"""Default context in tokens. Chosen by hand: what servers of small models are usually started with."""
TIMEOUT = 120.0
"""Default time limit of one request, in seconds. Chosen by hand: a small model on a CPU reads 5,000 tokens in it."""
KEY = "CROSSTALK_LLM_KEY"
"""Environment variable with the key. There is no option for it: command lines are visible to other users and kept."""
_WHERE = "language model"
_EXAMPLE = "give the server's address, for example http://127.0.0.1:8080/v1"


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A language model behind the OpenAI chat protocol. Raises `SettingsError` for values that cannot be used."""

    url: str
    """Address of the API, up to and with its version: ``http://127.0.0.1:8080/v1``."""
    name: str
    """The model's name as its server knows it."""
    context: int = CONTEXT
    """Tokens that request and answer may have together; what the server was started with, or less."""
    timeout: float = TIMEOUT
    """Time limit of one request, in seconds."""
    key: str | None = field(default=None, repr=False)
    """Key that the server asks for; in no message and no file."""

    def __post_init__(self) -> None:
        _address(self.url)
        if not self.name.strip():
            raise SettingsError("the language model has no name", hint="give the name that its server knows")
        if self.context < 1:
            raise SettingsError(f"the context is 1 token or more, not {self.context}", where=_WHERE)
        if not (self.timeout > 0 and math.isfinite(self.timeout)):
            raise SettingsError(f"the time limit is more than 0 s, not {self.timeout:g}", where=_WHERE)
        if self.key is not None and not (self.key and self.key.isascii() and self.key.isprintable()):
            raise SettingsError("the key is empty or has characters that HTTP does not allow", where=KEY)

    @classmethod
    def from_environment(
        cls,
        url: str,
        name: str,
        context: int = CONTEXT,
        timeout: float = TIMEOUT,
        environ: Mapping[str, str] = os.environ,
    ) -> Self:
        """The model with the key of `KEY`, without white space around it; none where the variable is empty."""
        return cls(url, name, context, timeout, environ.get(KEY, "").strip() or None)

    @property
    def address(self) -> SplitResult:
        """The parts of the address."""
        return _address(self.url)

    @property
    def host(self) -> str:
        """Host, with the port where one is given: the only machine that is contacted."""
        return self.address.netloc


def _address(url: str) -> SplitResult:
    """The parts of an address; what is wrong with it is said without the address, which may hold a password."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise SettingsError("the address has characters that no URL has", where=_WHERE, hint=_EXAMPLE)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SettingsError("the address is no URL", where=_WHERE, hint=_EXAMPLE) from None
    if "@" in parts.netloc:
        raise SettingsError("the address has a name or a password in it", where=_WHERE, hint=f"set {KEY} for the key")
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise SettingsError("the address is not of the form http://HOST or https://HOST", where=_WHERE, hint=_EXAMPLE)
    if parts.query or parts.fragment:
        raise SettingsError("the address has a part after ? or #", where=_WHERE, hint=f"set {KEY} for a key")
    return parts
