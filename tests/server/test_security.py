"""Who may use the server: laws of tokens, hosts and origins, sessions, limits per address, headers of answers."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from pipeline.server.security import (
    DATA_POLICY,
    HEADERS,
    MOST_SESSIONS,
    OPEN_PATHS,
    OPEN_PREFIX,
    SESSION_SECONDS,
    Guard,
    Sessions,
    is_token,
)
from tests.server.asgi import Answer, Probe, answer, call, small_app, some_settings
from tests.server.event_loop import run

TOKEN = "a token of this server"
ALLOWED = "https://intranet.example"
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY"])
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
PATHS = st.one_of(
    st.sampled_from(
        ["/v1/jobs", "/v1/audio/transcriptions", "/metrics", "/session", "//", "/static", "/v1/../", "/%2e"]
    ),
    VISIBLE.map(lambda text: "/" + text.replace("?", "")),
)


def guarded(**changes: Any) -> tuple[Guard, Probe]:
    probe = Probe()
    return Guard(probe, some_settings(**changes), Sessions(8000)), probe


def cookie_of(signed_in: Answer) -> str:
    return signed_in.headers["set-cookie"].partition(";")[0]


@given(METHODS, PATHS, st.one_of(st.just(""), VISIBLE, VISIBLE.map("Bearer {}".format), st.just(f"Basic {TOKEN}")))
def test_nothing_but_the_page_is_reached_without_the_token(method: str, path: str, given: str) -> None:
    guard, probe = guarded(token=TOKEN)
    found = call(guard, path, method, {"Authorization": given} if given else {})
    is_open = path in OPEN_PATHS or path.startswith(OPEN_PREFIX) or (method, path) == ("POST", "/session")
    if given.lower().startswith("bearer ") and is_token(given[7:].strip(), TOKEN):
        return
    assert bool(probe.reached) == is_open
    if not is_open:
        assert (found.status, found.code) == (401, "invalid_api_key")
        assert found.headers["www-authenticate"] == "Bearer"


@given(METHODS, PATHS, st.sampled_from(["Bearer", "bearer", "BEARER"]), st.text(min_size=1, max_size=12))
def test_the_token_opens_everything(method: str, path: str, scheme: str, token: str) -> None:
    if token.strip() != token or any(not each.isprintable() for each in token):
        return
    guard, probe = guarded(token=token)
    call(guard, path, method, {"Authorization": f"{scheme} {token}"})
    assert len(probe.reached) == 1


@given(st.text(max_size=20), st.text(max_size=20))
def test_only_the_token_is_the_token(given: str, token: str) -> None:
    assert is_token(given, token) == (given == token)


@given(
    st.one_of(VISIBLE, st.sampled_from(["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "[::2]"]))
)
def test_a_local_server_is_reached_by_its_own_names_only(host: str) -> None:
    guard, probe = guarded()
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    found = call(guard, "/", headers={"Host": host})
    if name.lower() not in ("127.0.0.1", "localhost", "[::1]"):
        assert probe.reached == []
        assert (found.status, found.code) == (403, "host_not_allowed")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LOCALHOST", "[::1]:8000", "[::1]"])
def test_names_of_this_machine(host: str) -> None:
    guard, probe = guarded()
    assert call(guard, "/", headers={"Host": host}).status == 200
    assert probe.reached


def test_other_addresses_and_proxies_have_other_names() -> None:
    public, probe = guarded(host="0.0.0.0", token=TOKEN)
    assert call(public, "/", headers={"Host": "talks.example"}).status == 200
    behind, _ = guarded(origins=(ALLOWED,))
    assert call(behind, "/", headers={"Host": "intranet.example"}).status == 200
    assert call(behind, "/", headers={"Host": "other.example"}).status == 403
    assert probe.reached


@given(METHODS, st.one_of(VISIBLE, st.just("null"), st.sampled_from(["http://evil.example", "http://127.0.0.1:8001"])))
def test_pages_of_other_origins_change_nothing(method: str, origin: str) -> None:
    guard, probe = guarded()
    found = call(guard, "/v1/jobs", method, {"Origin": origin})
    own = origin.lower() in ("http://127.0.0.1:8000", "https://127.0.0.1:8000")
    if method in ("GET", "HEAD", "OPTIONS") or own:
        assert probe.reached
    else:
        assert probe.reached == []
        assert (found.status, found.code) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in found.headers


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "https://127.0.0.1:8000", ALLOWED, None])
def test_the_own_page_programs_and_allowed_origins_change_something(origin: str | None) -> None:
    guard, probe = guarded(origins=(ALLOWED,))
    assert call(guard, "/v1/jobs", "POST", {"Origin": origin} if origin else {}).status == 200
    assert probe.reached == ["POST /v1/jobs"]


def test_allowed_origins_read_answers_and_no_others() -> None:
    guard, _ = guarded(origins=(ALLOWED,), token=TOKEN)
    for headers in ({"Origin": ALLOWED}, {"Origin": ALLOWED, "Authorization": f"Bearer {TOKEN}"}):
        found = call(guard, "/v1/jobs", headers=headers)
        assert found.headers["access-control-allow-origin"] == ALLOWED
        assert "access-control-allow-credentials" not in found.headers
        assert found.headers["vary"] == "Origin"
    other = call(guard, "/v1/jobs", headers={"Origin": "http://evil.example", "Authorization": f"Bearer {TOKEN}"})
    assert "access-control-allow-origin" not in other.headers


def test_preflights() -> None:
    guard, probe = guarded(origins=(ALLOWED,), token=TOKEN)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, x-stainless-os"}
    found = call(guard, "/v1/jobs", "OPTIONS", {"Origin": ALLOWED, **asked})
    assert found.status == 204
    assert found.headers["access-control-allow-origin"] == ALLOWED
    assert found.headers["access-control-allow-headers"] == "authorization, x-stainless-os"
    refused = call(guard, "/v1/jobs", "OPTIONS", {"Origin": "http://evil.example", **asked})
    assert (refused.status, refused.code) == (403, "origin_not_allowed")
    assert probe.reached == []


@given(st.integers(1, 5), st.integers(0, 5), st.sampled_from(["answer", "raise", "cancel"]))
def test_an_address_has_a_limit_of_requests_in_progress(limit: int, more: int, end: str) -> None:
    async def check() -> None:
        gate, entered = asyncio.Event(), 0

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            nonlocal entered
            entered += 1
            await gate.wait()
            if end == "raise":
                raise RuntimeError
            await Probe()(scope, receive, send)

        guard = Guard(slow, some_settings(per_client=limit), Sessions(8000))
        first = [asyncio.create_task(answer(guard, "/v1/jobs", "POST")) for _ in range(limit)]
        await asyncio.sleep(0)
        late = [await answer(guard, "/v1/jobs", "POST") for _ in range(more)]
        assert [(each.status, each.code) for each in late] == [(429, "too_many_requests")] * more
        assert all(each.headers["retry-after"] for each in late)
        other = asyncio.create_task(answer(guard, "/v1/jobs", "POST", client="198.51.100.7"))
        reading = asyncio.create_task(answer(guard, "/v1/jobs", "GET"))
        await asyncio.sleep(0)
        assert entered == limit + 2
        for task in [*first, other, reading] if end == "cancel" else []:
            task.cancel()
        gate.set()
        await asyncio.gather(*first, other, reading, return_exceptions=True)
        assert not guard._in_progress
        again = asyncio.create_task(answer(guard, "/v1/jobs", "POST"))
        await asyncio.gather(again, return_exceptions=True)
        assert entered == limit + 3

    run(check())


class TestSessions:
    def test_signing_in_and_out(self) -> None:
        app = small_app(some_settings(token=TOKEN))
        assert call(app, "/session").status == 401
        signed_in = call(app, "/session", "POST", body=urlencode({"token": TOKEN}).encode())
        assert signed_in.status == 204
        assert "HttpOnly" in signed_in.headers["set-cookie"]
        assert "SameSite=strict" in signed_in.headers["set-cookie"]
        assert TOKEN not in signed_in.headers["set-cookie"]
        cookie = {"Cookie": cookie_of(signed_in)}
        assert call(app, "/session", headers=cookie).status == 204
        assert call(app, "/session", "DELETE", cookie).status == 204
        assert call(app, "/session", headers=cookie).status == 401

    def test_a_cookie_does_not_help_another_origin(self) -> None:
        app = small_app(some_settings(token=TOKEN))
        cookie = cookie_of(call(app, "/session", "POST", body=urlencode({"token": TOKEN}).encode()))
        found = call(app, "/session", "DELETE", {"Cookie": cookie, "Origin": "http://evil.example"})
        assert (found.status, found.code) == (403, "origin_not_allowed")

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"token=wrong", 401),
            (b"", 400),
            (b"token=", 400),
            (b"token=a&token=b", 400),
            (b"\xff\xfe%ff=&&;", 400),
            (b"token=" + b"a" * 20_000, 413),
            (None, 408),
        ],
    )
    def test_wrong_forms(self, body: bytes | None, status: int) -> None:
        app = small_app(some_settings(token=TOKEN, stall=0.05))
        found = call(app, "/session", "POST", body=body)
        assert found.status == status
        assert found.code
        assert "set-cookie" not in found.headers

    def test_they_end_and_are_few(self) -> None:
        now = 0.0
        sessions = Sessions(8000, lambda: now)
        first = sessions.open()
        assert sessions.find(Headers({"cookie": f"a=b; {sessions.cookie}={first}"})) == first
        now = SESSION_SECONDS
        assert sessions.find(Headers({"cookie": f"{sessions.cookie}={first}"})) is None
        ids = [sessions.open() for _ in range(MOST_SESSIONS + 3)]
        known = [sessions.find(Headers({"cookie": f"{sessions.cookie}={each}"})) for each in ids]
        assert known[:3] == [None] * 3
        assert known[3:] == ids[3:]
        assert len(set(ids)) == len(ids)

    @given(st.text(max_size=40))
    def test_no_other_cookie_is_a_session(self, cookie: str) -> None:
        sessions = Sessions(8000)
        sessions.open()
        assert sessions.find(Headers({"cookie": cookie.encode("latin-1", "ignore").decode("latin-1")})) is None


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/", "GET", {}),
        ("/static/server/page/main.js", "GET", {}),
        ("/healthz", "GET", {}),
        ("/nothing", "GET", {"Authorization": f"Bearer {TOKEN}"}),
        ("/session", "GET", {}),
        ("/", "GET", {"Host": "evil.example"}),
        ("/session", "POST", {"Origin": "http://evil.example"}),
    ],
)
def test_all_answers_have_the_headers(path: str, method: str, headers: dict[str, str]) -> None:
    found = call(small_app(some_settings(token=TOKEN)), path, method, headers)
    assert HEADERS.keys() - {"Cache-Control"} <= {name.title() for name in found.headers} | {"X-Content-Type-Options"}
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"]
    policy = found.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert policy == DATA_POLICY or path == "/"
