"""Who may ask: this machine alone, by name, from the page itself, with the key or a session's cookie."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ned.ui.settings import UiSettings
from ned.ui.store import Session, Store

LOCAL = ("127.0.0.1", "localhost", "::1")
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via",
             "cf-connecting-ip", "cf-ray", "x-original-host", "ngrok-trace-id")  # fmt: skip
"""What proxies and tunnels add to requests that they pass on."""
OWN = "x-ned"
"""Header that the page's own requests bear; another site's page cannot add it unasked."""
COOKIE_S = 30 * 24 * 3600
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}  # fmt: skip
_KEY_NEEDED = "Open the address that `ned ui` printed: it holds the key to this page.\n"


class Guard:
    """ASGI middleware; requests that pass have a `Session` in `scope["state"]["session"]`."""

    def __init__(self, app: ASGIApp, store: Store, settings: UiSettings) -> None:
        self._app, self._store, self._settings = app, store, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                more = [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in known]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        refusal = self._refusal(scope)
        session = None if refusal else self._session(scope)
        if refusal is not None:
            await refusal(scope, receive, guarded)
        elif session is not None:
            session.touch()
            scope.setdefault("state", {})["session"] = session
            await self._app(scope, receive, guarded)
        elif scope["path"] == "/" and self._has_key(scope):
            await self._begin()(scope, receive, guarded)
        else:
            await PlainTextResponse(_KEY_NEEDED, 401)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        """What is answered to whoever may not ask at all; None to others."""
        headers = _headers(scope)
        client = scope.get("client")
        if client is not None and client[0] not in LOCAL:
            return PlainTextResponse("This page is for its own machine.\n", 403)
        if any(name in headers for name in FORWARDED):
            return PlainTextResponse("This page is not served through proxies or tunnels.\n", 403)
        if _host(headers.get("host", "")) not in LOCAL:
            return PlainTextResponse("This page is called 127.0.0.1 or localhost.\n", 421)
        if scope["method"] not in ("GET", "HEAD"):
            origin = headers.get("origin")
            if OWN not in headers or (origin is not None and urlsplit(origin).netloc != headers.get("host")):
                return PlainTextResponse("Requests come from the page itself.\n", 403)
        return None

    @property
    def _cookie(self) -> str:
        """Browsers keep one box of cookies for all ports of a host."""
        return f"ned_{self._settings.port}"

    def _session(self, scope: Scope) -> Session | None:
        try:
            jar = SimpleCookie(_headers(scope).get("cookie", ""))
        except CookieError:
            return None
        morsel = jar.get(self._cookie)
        return self._store.open(morsel.value) if morsel is not None else None

    def _has_key(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        return hmac.compare_digest(given.encode(), self._store.key.encode())

    def _begin(self) -> RedirectResponse | PlainTextResponse:
        if sum(1 for _ in self._store.sessions()) >= self._settings.max_sessions:
            return PlainTextResponse("There are too many sessions; old ones go within a day.\n", 503)
        token, _ = self._store.begin()
        response = RedirectResponse("/", 303)
        response.set_cookie(self._cookie, token, max_age=COOKIE_S, httponly=True, samesite="strict", path="/")
        return response


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _host(said: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{said}").hostname or ""
    except ValueError:
        return ""
