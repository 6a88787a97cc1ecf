"""The c2pa library as `ned` uses it: without network, without thumbnails, its errors as ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ned.errors import ProcessingError
from ned.provenance.credential import Credential

if TYPE_CHECKING:
    import c2pa

_IN_MEMORY_MB = 64
_MEDIA_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".avi": "video/avi",
    ".mkv": "video/x-matroska", ".webm": "video/webm", ".ts": "video/mp2t", ".gif": "image/gif",
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff",
    ".tiff": "image/tiff", ".heic": "image/heic", ".heif": "image/heif",
}  # fmt: skip


def context(roots: str = "") -> c2pa.Context:
    """Settings for one signing or reading; `roots` is PEM of authorities to trust."""
    c2pa = load()
    settings = {
        "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
        # More goes to a file in the folder for temporary files.
        "core": {"allowed_network_hosts": [], "backing_store_memory_threshold_in_mb": _IN_MEMORY_MB},
        "builder": {
            "thumbnail": {"enabled": False},
            "created_assertion_labels": ["c2pa.actions", "c2pa.ingredient", "ned.edit"],
        },
    }
    if roots:
        settings["trust"] = {"user_anchors": roots}
    return c2pa.Context(c2pa.Settings.from_json(json.dumps(settings)))


def load() -> Any:
    """The module; ProcessingError where it cannot be loaded."""
    try:
        import c2pa
    except (ImportError, OSError, RuntimeError) as error:
        raise ProcessingError(
            f"the c2pa library cannot be loaded ({' '.join(str(error).split())})",
            remedy="pip install c2pa-python, or pass --no-provenance",
        ) from error
    return c2pa


def signer(credential: Credential) -> c2pa.Signer:
    """What signs with a credential, without a time stamp; raises C2paError where the library refuses it."""
    c2pa = load()
    name = credential.algorithm.encode()
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(name, credential.chain, credential.key, None))


def media_type(path: Path) -> str:
    """Media type by the suffix; `application/octet-stream` where it is not known."""
    return _MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")


def reason(error: Exception) -> str:
    """The library's own words in one short line."""
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:200] + "…"
