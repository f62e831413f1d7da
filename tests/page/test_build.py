"""The file of the page: its policy, its data, its joined script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from pipeline import formats
from pipeline.core.correction import Correction
from pipeline.core.types import Provenance, Transcript, Utterance, Word
from pipeline.formats.base import Sound
from pipeline.formats.page.script import joined, script
from tests.page.talk import BEN, CORA, conversation


class Parts(HTMLParser):
    """Content of the script and style elements by id or type, and all addresses and policies."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.content: dict[str, str] = {}
        self.addresses: list[str] = []
        self.policy = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._inside = values.get("id") or values.get("type") or tag if tag in ("script", "style") else ""
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.content[self._inside] = self.content.get(self._inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def parts(transcript: Transcript, sound: Sound | None = None) -> Parts:
    options = {"sound": sound} if sound else {}
    return Parts(formats.dumps(transcript, "html", "talk", **options).decode())  # type: ignore[arg-type]


def policy_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_only_its_own_script_and_style_may_run() -> None:
    found = parts(conversation(), Sound(b"abc", "audio/mp4"))
    policy = dict(rule.split(" ", 1) for rule in found.policy.split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy_hash(found.content["module"])
    assert policy["style-src"] == policy_hash(found.content["style"])
    assert policy["media-src"] == "blob:"
    assert found.addresses == ["#conversation"]
    assert base64.b64decode(found.content["sound"]) == b"abc"
    assert "file:" in parts(conversation(), Sound(link="talk.wav")).policy
    assert "url(" not in found.content["style"]


def test_only_a_page_that_saves_may_connect_and_only_to_its_server() -> None:
    for name in ("html", "minutes-html"):
        plain, saving = (
            Parts(formats.dumps(conversation(), name, "talk", save=save).decode())
            for save in ("", "/v1/jobs/1/corrections")
        )
        assert "connect-src" not in plain.policy
        assert saving.policy == f"{plain.policy}; connect-src 'self'"
        assert [json.loads(each.content["data"])["save"] for each in (plain, saving)] == ["", "/v1/jobs/1/corrections"]


def test_the_data_is_the_transcript() -> None:
    data = json.loads(parts(conversation()).content["data"])
    assert data["speakers"] == ["SPEAKER_00", BEN, CORA]
    assert data["lines"][1][1][4] == [4600, 4950, "with"]
    kinds = [doubt["kind"] for doubt in data["doubts"]]
    assert kinds[0] == "name"
    assert set(kinds) == {"name", "words", "overlap", "uncovered"}
    words = [word[2] for _, line in data["lines"] for word in line]
    for doubt in data["doubts"]:
        assert doubt["text"] == " ".join(words[slice(*doubt["words"])])
    assert data["sound"]["missing"]


def test_the_key_follows_the_words_and_not_the_provenance() -> None:
    def key(*words: str, sha256: str = "0") -> str:
        line = Utterance("A", tuple(Word(i, i + 1, word) for i, word in enumerate(words)))
        transcript = Transcript(9.0, (line,), provenance=Provenance("a.wav", sha256))
        return str(json.loads(parts(transcript).content["data"])["key"])

    assert key("a", "b") == key("a", "b", sha256="1") != key("a", "c")


def test_the_ledger_is_kept_and_hostile_text_stays_in_its_element() -> None:
    evil = "</script><!--\u2028\u202e\ud800"
    ledger = (Correction("assign", evil, 1.0, 2.0, evil, "B", problem="no place"),)
    transcript = Transcript(3.0, (Utterance(evil, (Word(0, 1, evil, no_space=True),)),), corrections=ledger)
    content = parts(transcript).content["data"]
    data = json.loads(content)
    assert data["ledger"] == [
        {"operation": "assign", "speaker": evil, "start": 1.0, "end": 2.0, "before": evil, "after": "B",
         "problem": "no place"},
    ]  # fmt: skip
    assert data["speakers"] == [evil]
    assert data["lines"][0][1][0][3] == "n"
    assert not re.search("[<\u2028\u202e]", content)


def test_modules_are_joined_in_the_order_of_imports() -> None:
    modules = {
        "main.js": 'import { one } from "./a.js";\nimport { two } from "./b.js";\none(two);\n',
        "a.js": 'import { two } from "./b.js";\nexport function one() {\n  return two;\n}\n',
        "b.js": "export const two = 2;\n",
    }
    assert " ".join(joined(modules).split()) == "const two = 2; function one() { return two; } one(two);"
    assert not re.search(r"^(import|export) ", script(), re.MULTILINE)


@pytest.mark.parametrize(
    "changes",
    [
        {"b.js": "export const one = 1;\nexport const two = 2;\n"},
        {"b.js": 'import { one } from "./a.js";\nexport const two = one;\n'},
        {"b.js": "export default 2;\n"},
        {"b.js": "export const other = 2;\n"},
        {"b.js": "export const two = '</script>';\n"},
        {"b.js": "const { two } = window;\n"},
        {"a.js": "export const one = 1;\n", "main.js": 'import { one } from "./c.js";\n'},
        {"c.js": "export const three = 3;\n"},
    ],
)
def test_modules_that_do_not_fit_are_refused(changes: dict[str, str]) -> None:
    modules = {
        "main.js": 'import { one } from "./a.js";\n',
        "a.js": 'import { two } from "./b.js";\nexport const one = two;\n',
        "b.js": "export const two = 2;\n",
    }
    assert joined(modules)
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own message
        joined({**modules, **changes})
