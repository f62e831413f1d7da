"""Jobs by HTTP: accepted once, followed, fetched in every format, corrected, deleted; and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from pipeline import formats
from pipeline.core.types import Transcript
from pipeline.server.job_view import share_done
from pipeline.server.work import StageProgress, Started, Waiting
from tests import world
from tests.conftest import REPOSITORY
from tests.server import models
from tests.server.conftest import RunningServer, running, synthetic_settings

pytestmark = pytest.mark.slow  # every test uses processes

SECONDS = 60.0
NAME = "Sitzung „Zwölf“.wav"
ENDS = ("done", "failed", "cancelled")


def client(server: RunningServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=SECONDS, trust_env=False)


def upload(server: RunningServer, file: Path, name: str = NAME, **fields: Any) -> httpx.Response:
    with client(server) as http:
        return http.post("/v1/jobs", files={"file": (name, file.read_bytes())}, data=fields)


def get(server: RunningServer, path: str) -> httpx.Response:
    with client(server) as http:
        return http.get(f"/v1/jobs{path}")


def view(server: RunningServer, id: str) -> dict[str, Any]:
    return dict(get(server, f"/{id}").json())


def ended(server: RunningServer, id: str) -> dict[str, Any]:
    return until(server, id, *ENDS)


def until(server: RunningServer, id: str, *statuses: str) -> dict[str, Any]:
    """The job as soon as it has one of the states."""
    limit = time.monotonic() + SECONDS
    while (now := view(server, id))["status"] not in statuses:
        assert time.monotonic() < limit, now
        time.sleep(0.02)
    return now


def done_job(server: RunningServer, file: Path, **fields: Any) -> str:
    id = str(upload(server, file, **fields).json()["id"])
    assert ended(server, id)["status"] == "done"
    return id


def error_of(response: httpx.Response) -> dict[str, Any]:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return dict(error)


def folders(server: RunningServer) -> set[str]:
    return {path.name for path in server.context.jobs.folder.iterdir()}


@contextmanager
def held(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Iterator[RunningServer]:
    """A server with one worker, whose work waits for the file ``go`` in the folder."""
    monkeypatch.setenv(models.GO, str(folder / "go"))
    config = world.settings({"recognition.backend": models.HELD, "runtime.threads": 1})
    with running(synthetic_settings(folder / "state", **{"config": config, "grace": 0.3, **changes})) as server:
        yield server


def test_an_uploaded_recording_becomes_a_result(server: RunningServer, tone_file: Path) -> None:
    answer = upload(server, tone_file)
    first = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, f"/v1/jobs/{first['id']}")
    assert first["object"] == "job"
    assert first["status"] in ("queued", "running")
    assert (first["name"], first["error"], first["expires_at"], first["progress"]) == (NAME, None, None, 0.0)
    last = ended(server, first["id"])
    assert set(last) == set(first)
    assert (last["status"], last["progress"], last["duration"], last["position"]) == ("done", 1.0, 8.0, None)
    assert last["expires_at"] >= last["created_at"] + server.settings.keep - 1
    assert last["formats"] == list(formats.names())
    result = get(server, f"/{first['id']}/result")
    transcript = formats.loads(result.content, "json")
    assert {word.text for line in transcript.utterances for word in line.words} >= {"a1", "a5", "b4"}
    assert transcript.provenance is not None
    assert transcript.provenance.source == NAME


def test_results_have_names_and_types(server: RunningServer, tone_file: Path) -> None:
    id = done_job(server, tone_file)
    for kind, suffix, media_type, use in (
        ("json", ".json", "application/json", "attachment"),
        ("docx", ".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "attachment"),
        ("html", ".html", "text/html; charset=utf-8", "inline"),
        ("minutes-html", ".minutes.html", "text/html; charset=utf-8", "inline"),
        ("vtt", ".vtt", "text/vtt; charset=utf-8", "attachment"),
    ):
        result = get(server, f"/{id}/result?format={kind}")
        assert (result.status_code, result.headers["content-type"]) == (200, media_type), kind
        disposition = result.headers["content-disposition"]
        assert disposition.startswith(f"{use}; filename=\"Sitzung _Zw_lf_{suffix}\"; filename*=UTF-8''Sitzung%20")
        assert int(result.headers["content-length"]) == len(result.content) > 0
        assert get(server, f"/{id}/result?format={kind}").content == result.content, "it is made once"


def test_events_follow_a_job_to_its_end(tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(tmp_path, monkeypatch) as server:
        first = upload(server, tone_file).json()["id"]
        id = upload(server, tone_file).json()["id"]
        until(server, first, "running")
        threading.Timer(0.5, (tmp_path / "go").touch).start()
        seen = list(events(server, id))
        assert (seen[0]["status"], seen[0]["position"]) == ("queued", 0)
        assert [each["status"] for each in seen if each["status"] == "running"]
        assert seen[-1] == view(server, id)
        assert seen[-1]["status"] == "done"
        progress = [each["progress"] for each in seen]
        assert progress == sorted(progress)
        assert all(one != other for one, other in pairwise(seen))
        assert list(events(server, id)) == [seen[-1]], "of a job that has ended there is one event"


def events(server: RunningServer, id: str) -> Iterator[dict[str, Any]]:
    with client(server) as http, http.stream("GET", f"/v1/jobs/{id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def test_a_queue_that_is_full_refuses_and_deleted_jobs_make_room(
    tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held(tmp_path, monkeypatch, queue=2) as server:
        running_id = upload(server, tone_file).json()["id"]
        until(server, running_id, "running")
        first, second = (upload(server, tone_file).json()["id"] for _ in range(2))
        before = folders(server)
        refused = upload(server, tone_file)
        assert (refused.status_code, error_of(refused)["code"]) == (429, "queue_full")
        assert int(refused.headers["retry-after"]) >= 1
        assert folders(server) == before, "nothing is left of it"
        assert [view(server, id)["position"] for id in (running_id, first, second)] == [None, 0, 1]
        assert get(server, f"/{running_id}/result").status_code == 409
        followed: list[dict[str, Any]] = []
        reader = threading.Thread(target=lambda: followed.extend(events(server, running_id)))
        reader.start()
        time.sleep(0.3)
        with client(server) as http:
            assert http.delete(f"/v1/jobs/{first}").json() == {"id": first, "object": "job", "deleted": True}
            assert http.delete(f"/v1/jobs/{running_id}").status_code == 200
            assert http.delete(f"/v1/jobs/{running_id}").status_code == 404
        reader.join(SECONDS)
        assert followed[-1] == {"id": running_id, "object": "job", "status": "cancelled"}
        (tmp_path / "go").touch()
        assert ended(server, second)["status"] == "done"
        assert folders(server) == {second}
        assert get(server, "").status_code == 405, "an id is a secret: there is no list"


@pytest.mark.parametrize("fields", [{}, {"stream": "true"}])
def test_a_server_that_is_stopped_answers_those_who_wait(
    tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, str]
) -> None:
    with ThreadPoolExecutor(2) as threads, held(tmp_path, monkeypatch) as server:

        def ask() -> httpx.Response:
            data = {"model": "crosstalk", **fields}
            with client(server) as http:
                return http.post("/v1/audio/transcriptions", files={"file": tone_file.read_bytes()}, data=data)

        waiting = [threads.submit(ask) for _ in range(2)]
        while server.context.transcribing.running + server.context.transcribing.waiting < 2:
            time.sleep(0.02)
    for answer in (each.result() for each in waiting):
        assert answer.status_code == (200 if fields else 503)
        assert "the server is stopping" in answer.text
        assert '"type":' in answer.text.replace('"type" :', '"type":')


def test_a_server_that_is_stopped_puts_its_jobs_back(
    tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held(tmp_path, monkeypatch) as server:
        ids = [upload(server, tone_file).json()["id"] for _ in range(3)]
        until(server, ids[0], "running")
    (tmp_path / "go").touch()
    with held(tmp_path, monkeypatch) as server:
        assert [ended(server, id)["status"] for id in ids] == ["done"] * 3
        written = [(server.context.jobs.folder_of(id) / "transcript.json").stat().st_mtime_ns for id in ids]
    with held(tmp_path, monkeypatch) as server:
        assert [view(server, id)["status"] for id in ids] == ["done"] * 3
        assert (server.context.transcribing.waiting, server.context.transcribing.running) == (0, 0)
        again = [(server.context.jobs.folder_of(id) / "transcript.json").stat().st_mtime_ns for id in ids]
        assert again == written, "what is done is not done again"
        assert get(server, f"/{ids[0]}/result?format=srt").status_code == 200


def test_jobs_survive_a_server_that_is_killed(tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from tests.server.test_job_routes import held\nimport pytest\n"
        "with held(Path(sys.argv[1]), pytest.MonkeyPatch()) as server:\n"
        "    print(server.url, flush=True)\n    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url, timeout=SECONDS, trust_env=False) as http:
            content = tone_file.read_bytes()
            ids = [http.post("/v1/jobs", files={"file": (NAME, content)}).json()["id"] for _ in range(2)]
            while http.get(f"/v1/jobs/{ids[0]}").json()["status"] != "running":
                time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    (tmp_path / "go").touch()
    with held(tmp_path, monkeypatch) as server:
        assert [ended(server, id)["status"] for id in ids] == ["done", "done"]


def test_a_worker_that_is_killed_costs_an_attempt(
    tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held(tmp_path, monkeypatch) as server:
        id = upload(server, tone_file).json()["id"]
        until(server, id, "running")
        (worker,) = server.context.transcribing._pool._workers
        os.kill(worker._process.pid, signal.SIGKILL)  # type: ignore[attr-defined]
        (tmp_path / "go").touch()
        assert ended(server, id)["status"] == "done"


def test_a_recording_below_the_operators_folder(tmp_path: Path, tone_file: Path) -> None:
    recordings, outside = tmp_path / "recordings", tmp_path / "outside"
    (recordings / "2026").mkdir(parents=True)
    outside.mkdir()
    content = tone_file.read_bytes()
    for path in (recordings / "2026" / "talk.wav", outside / "other.wav"):
        path.write_bytes(content)
    (recordings / "link.wav").symlink_to(recordings / "2026" / "talk.wav")
    (recordings / "out.wav").symlink_to(outside / "other.wav")
    (recordings / "out").symlink_to(outside)
    (recordings / "loop.wav").symlink_to(recordings / "loop.wav")
    with running(synthetic_settings(tmp_path / "state", recordings=recordings)) as server, client(server) as http:
        for name in ("2026/talk.wav", "link.wav", "2026/../2026/talk.wav", str(recordings / "2026" / "talk.wav")):
            answer = http.post("/v1/jobs", json={"path": name, "speakers": 2, "language": "en", "roles": None})
            assert answer.status_code == 202, answer.text
            assert answer.json()["name"] == "talk.wav"
            assert ended(server, answer.json()["id"])["status"] == "done"
            assert http.delete(f"/v1/jobs/{answer.json()['id']}").status_code == 200
        assert (recordings / "2026" / "talk.wav").read_bytes() == content, "the recording stays"
        for name in (
            "../outside/other.wav", "out.wav", "out/other.wav", "loop.wav", "2026", ".", "", "none.wav",
            "/etc/hostname", "a\0b", "x" * 5000, 7, None, ["2026/talk.wav"],
        ):  # fmt: skip
            answer = http.post("/v1/jobs", json={"path": name})
            assert (answer.status_code, error_of(answer)["param"]) == (400, "path"), name
            assert str(tmp_path) not in answer.text
        assert folders(server) == set()


def test_a_link_that_replaces_a_recording_is_not_followed(
    tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings, secret = tmp_path / "recordings", tmp_path / "secret.wav"
    recordings.mkdir()
    for path in (recordings / "talk.wav", recordings / "next.wav", secret):
        path.write_bytes(tone_file.read_bytes())
    with held(tmp_path, monkeypatch, recordings=recordings) as server, client(server) as http:
        first, second = (http.post("/v1/jobs", json={"path": name}).json()["id"] for name in ("talk.wav", "next.wav"))
        until(server, first, "running")
        (recordings / "next.wav").unlink()
        (recordings / "next.wav").symlink_to(secret)
        (tmp_path / "go").touch()
        assert ended(server, first)["status"] == "done"
        failed = ended(server, second)
        assert failed["status"] == "failed"
        assert "not at its place" in failed["error"]["message"]
        (recordings / "talk.wav").unlink()
        (recordings / "talk.wav").symlink_to(secret)
        assert "not at its place" in get(server, f"/{first}/result?format=html").text


def test_fields_in_json_are_those_of_a_form(tmp_path: Path, tone_file: Path) -> None:
    with running(synthetic_settings(tmp_path / "state", recordings=tone_file.parent)) as server, client(server) as http:
        asked = {"path": tone_file.name, "known_speaker_names[]": [], "keywords": ["one", "two"], "temperature": 0}
        assert http.post("/v1/jobs", json=asked).status_code == 202
        for name, value in (("nothing", 1), ("speakers", [[1]]), ("min_speakers", "x"), ("language", {"a": {}})):
            answer = http.post("/v1/jobs", json={"path": tone_file.name, name: value})
            assert (answer.status_code, error_of(answer)["type"]) == (400, "invalid_request_error"), name
        text = json.dumps({"path": tone_file.name, "\ud800": 1})
        surrogate = http.post("/v1/jobs", content=text, headers={"content-type": "application/json"})
        assert (surrogate.status_code, error_of(surrogate)["type"]) == (400, "invalid_request_error")
        for content in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
            answer = http.post("/v1/jobs", content=content, headers={"content-type": "application/json"})
            assert (answer.status_code, error_of(answer)["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("field", ["response_format", "stream", "include[]", "timestamp_granularities[]"])
def test_fields_of_answers_are_refused(server: RunningServer, tone_file: Path, field: str) -> None:
    before = folders(server)
    answer = upload(server, tone_file, **{field: "json"})
    assert (answer.status_code, error_of(answer)["param"]) == (400, field.removesuffix("[]"))
    assert folders(server) == before


def test_bodies_that_are_no_jobs_are_refused_and_leave_nothing(server: RunningServer, tone_file: Path) -> None:
    before = folders(server)
    with client(server) as http:
        for request in (
            {"content": b"sound"},
            {"data": {"speakers": "2"}},
            {"files": {"other": ("a.wav", b"sound")}},
            {"files": [("file", ("a.wav", b"sound")), ("file", ("b.wav", b"sound"))]},
            {"files": {"file": ("a.wav", b"")}},
            {"json": {"path": "talk.wav"}},
        ):
            answer = http.post("/v1/jobs", **request)
            assert (answer.status_code, error_of(answer)["type"]) == (400, "invalid_request_error"), request
    assert folders(server) == before


def test_a_file_without_sound_fails(server: RunningServer, tmp_path: Path) -> None:
    path = tmp_path / "note.wav"
    path.write_bytes(b"this is a note, no sound. " * 100)
    id = upload(server, path, name="../../etc/passwd").json()["id"]
    last = ended(server, id)
    assert (last["status"], last["name"], last["error"]["type"]) == ("failed", "passwd", "invalid_request_error")
    assert last["error"]["message"].startswith("file: ")
    answer = get(server, f"/{id}/result")
    assert (answer.status_code, error_of(answer)["code"]) == (409, "not_done")


def test_a_client_that_goes_away_leaves_nothing(server: RunningServer) -> None:
    import socket

    before = folders(server)
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname, where.port)) as connection:
        head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
        head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        head += 'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        connection.sendall(head.encode() + b"sound" * 1000)
        limit = time.monotonic() + SECONDS
        while folders(server) == before:
            assert time.monotonic() < limit
    while folders(server) != before:
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_unknown_jobs_are_404(server: RunningServer) -> None:
    with client(server) as http:
        for method, path in (
            ("GET", ""), ("DELETE", ""), ("GET", "/events"), ("GET", "/result"), ("PUT", "/corrections"),
        ):  # fmt: skip
            for id in ("0" * 32, "..%2f..%2fetc", "%00"):
                answer = http.request(method, f"/v1/jobs/{id}{path}", content=b"{}" if method == "PUT" else None)
                assert answer.status_code == 404, (method, path, id)
                error_of(answer)


def test_wrong_queries_are_refused(server: RunningServer, tone_file: Path) -> None:
    id = done_job(server, tone_file)
    for query, param in (
        ("format=nothing", "format"), ("format=os:path", "format"), ("format=../json", "format"),
        ("format=pipeline.formats.srt:FORMAT", "format"), ("corrected=2", "corrected"),
    ):  # fmt: skip
        answer = get(server, f"/{id}/result?{query}")
        assert (answer.status_code, error_of(answer)["param"]) == (400, param)


def corrections_of(transcript: Transcript, name: str) -> bytes:
    from dataclasses import replace

    from pipeline.core.correction import Correction
    from pipeline.corrections.corrections_file import dumps, of_transcript

    entry = Correction("name", transcript.speakers[0], after=name)
    return dumps(replace(of_transcript(transcript), corrections=(entry,))).encode()


def test_corrections_are_in_all_later_results(server: RunningServer, tone_file: Path) -> None:
    id = done_job(server, tone_file)
    transcript = formats.loads(get(server, f"/{id}/result").content, "json")
    address = f"/v1/jobs/{id}/corrections"
    with client(server) as http:
        plain = http.get(f"/v1/jobs/{id}/result?format=txt").text
        for name in ("Anna", "Zoe"):
            answer = http.put(address, content=corrections_of(transcript, name))
            assert answer.json() == {"id": id, "object": "job.corrections", "notices": []}
            for kind in ("txt", "json", "html"):
                assert name in http.get(f"/v1/jobs/{id}/result?format={kind}").text
        assert http.get(f"/v1/jobs/{id}/result?format=txt&corrected=0").text == plain
        assert view(server, id)["corrected"] is True
        wrong = json.loads(corrections_of(transcript, "Other"))
        wrong["recording"]["sha256"] = "0" * 64
        for content in (b"", b"{}", b"\xff", json.dumps(wrong).encode()):
            answer = http.put(address, content=content)
            assert (answer.status_code, error_of(answer)["message"][:13]) == (400, "corrections: ")
        assert http.put(address, content=b" " * 20_000_001).status_code == 413
        assert "Zoe" in http.get(f"/v1/jobs/{id}/result?format=txt").text, "those before stay in force"
    names = {path.name for path in server.context.jobs.folder_of(id).glob("corrections-*")}
    assert len(names) == 1


def test_results_and_corrections_at_the_same_time(server: RunningServer, tone_file: Path) -> None:
    id = done_job(server, tone_file)
    transcript = formats.loads(get(server, f"/{id}/result").content, "json")
    statuses: list[int] = []

    def correct(name: str) -> None:
        with client(server) as http:
            content = corrections_of(transcript, name)
            statuses.append(http.put(f"/v1/jobs/{id}/corrections", content=content).status_code)

    def fetch(kind: str) -> None:
        statuses.append(get(server, f"/{id}/result?format={kind}").status_code)

    threads = [threading.Thread(target=correct, args=(f"Anna {n}",)) for n in range(4)]
    threads += [threading.Thread(target=fetch, args=(kind,)) for kind in ("srt", "txt", "vtt", "docx", "srt", "csv")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert statuses == [200] * 10


def test_a_job_that_is_swept_during_a_download_is_sent_to_its_end(tmp_path: Path, tone_file: Path) -> None:
    with running(synthetic_settings(tmp_path / "state", keep=0.5)) as server:
        id = done_job(server, tone_file)
        page = get(server, f"/{id}/result?format=html")
        with client(server) as http, http.stream("GET", f"/v1/jobs/{id}/result?format=html") as answer:
            chunks = answer.iter_raw(1000)
            content = next(chunks)
            time.sleep(0.6)
            server.context.jobs.sweep()
            assert get(server, f"/{id}").status_code == 404
            content += b"".join(chunks)
        assert content == page.content
        assert folders(server) == set()
        assert get(server, f"/{id}/result").status_code == 404


def test_progress_is_that_of_the_last_attempt() -> None:
    half = StageProgress("recognition", 1.0, 2.0)
    assert share_done([Waiting(0)]) == 0.0
    assert share_done([Waiting(0), Started(1), StageProgress("decode", 0.0)]) == 0.0
    assert 0.5 < share_done([Waiting(0), Started(1), StageProgress("decode", 5.0, 5.0), half]) < 0.9
    assert share_done([Started(1), half, StageProgress("further", 1.0, 1.0)]) == share_done([Started(1), half])
    assert share_done([Started(1), half, Waiting(0), Started(2)]) == 0.0
    assert share_done([Started(1), StageProgress("identification", 9.0, 3.0)]) == 1.0
