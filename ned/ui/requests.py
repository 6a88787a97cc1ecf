"""What handlers have in common: requests read, errors answered."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from ned.errors import UserError
from ned.ui.store import Session
from ned.ui.uploads import Busy, TooLarge

MAX_JSON_BYTES = 256 * 1024


def session_of(request: Request) -> Session:
    """Put there by the guard."""
    return request.state.session


async def json_of(request: Request) -> dict[str, Any]:
    """A small object. Raises HTTPException."""
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_JSON_BYTES:
            raise HTTPException(413, "the request is too large")
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "not JSON") from error
    if not isinstance(said, dict):
        raise HTTPException(400, "not an object")
    return said


def time_of(said: Any) -> float:
    """Seconds from 0 on. Raises HTTPException."""
    try:
        seconds = math.nan if isinstance(said, bool) else float(said)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds < 1e7:
        raise HTTPException(400, "not a time")
    return seconds


def sent(path: Path | None) -> Response:
    if path is None or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path)


async def failed(request: Request, error: Exception) -> Response:
    status = 429 if isinstance(error, Busy) else 413 if isinstance(error, TooLarge) else 422
    said = str(error).encode("utf-8", "replace").decode()
    return JSONResponse({"error": said}, status if isinstance(error, UserError) else 500)


async def gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


async def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)
