"""The page as one file: HTML, style, script, data and sound; nothing else is loaded, and nothing else may be."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from pipeline.core.types import Transcript
from pipeline.formats.base import Sound
from pipeline.formats.page.data import page_data
from pipeline.formats.page.script import script
from pipeline.formats.sanitize import clean


def page(
    transcript: Transcript, session: str, sound: Sound, minutes: Mapping[str, Any] | None = None, save: str = ""
) -> str:
    """The HTML of the page; ``minutes`` as plain data, see `pipeline.minutes.documents.html`.

    ``save`` is an address on the server that the page comes from; without it the page may connect to nothing.
    """
    style = _asset("page.css")
    parts = {
        "policy": _policy(script(), style, sound, bool(save)),
        "title": html.escape(clean(session)),
        "style": style,
        "script": script(),
        "data": page_data(transcript, session, sound, minutes, save),
        "sound": base64.b64encode(sound.content).decode(),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("page.html"))


def sound_of(text: str) -> Sound:
    """The sound of a page; a missing one for a text that is no page of this kind."""
    element = '<script type="[\\w/]+" id="{}">([^<]*)</script>'
    data, content = (re.search(element.format(name), text) for name in ("data", "sound"))
    if data is None or content is None:
        return Sound(missing="the page has no sound")
    known = json.loads(data[1])
    about = known["sound"]
    return Sound(
        base64.b64decode(content[1]), about["type"], about["link"], base64.b64decode(known["peaks"]), about["missing"]
    )


def _policy(script: str, style: str, sound: Sound, connects: bool) -> str:
    """The Content-Security-Policy: one script, one style, the sound, and the page's server if it ``connects``."""
    media = "'self' file:" if sound.link else "blob:" if sound.content else "'none'"
    sources = {
        "default-src": "'none'",
        "script-src": source_hash(script),
        "style-src": source_hash(style),
        "media-src": media,
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if connects:
        sources["connect-src"] = "'self'"
    return "; ".join(f"{name} {source}" for name, source in sources.items())


def source_hash(text: str) -> str:
    """The source of a Content-Security-Policy that allows the script or style ``text``, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_bytes().decode()
