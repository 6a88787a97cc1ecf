"""The page served, on this machine alone."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace

from ned.errors import UserError
from ned.ui.settings import UiSettings

HOST = "127.0.0.1"
GRACE_S = 3


def serve(settings: UiSettings, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `say` is told the address. Jobs that run go on without the page. Raises UserError where the
    port is taken, the data folder cannot be used, or the extra is not installed."""
    try:
        import uvicorn

        from ned.ui.app import build_app
    except ImportError as error:
        remedy = "install the extra: pip install 'ned[ui]', with -c constraints.txt from a checkout"
        raise UserError(f"the page needs {error.name or error}", remedy=remedy) from error
    with listening(settings.port) as door:
        settings = replace(settings, port=door.getsockname()[1])
        app = build_app(settings)
        say(f"http://{HOST}:{settings.port}/?key={app.state.page.store.key}")
        config = uvicorn.Config(
            app, log_level="error", access_log=False, server_header=False, proxy_headers=False, ws="none",
            limit_concurrency=256, timeout_keep_alive=30, timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=32 * 1024,
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[door])


def listening(port: int) -> socket.socket:
    """A socket of this machine alone. Raises UserError."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((HOST, port))
        door.listen(128)  # who comes before the page is ready waits
    except OSError as error:
        door.close()
        raise UserError(f"port {port} cannot be had ({error.strerror})", remedy="choose another --port") from error
    return door
