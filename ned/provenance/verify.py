"""Reading a manifest: is the video as it was signed, by whom, what was done, from which source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ned import workspace
from ned.errors import UserError
from ned.provenance.contained import Failed, call
from ned.provenance.credential import local_roots
from ned.provenance.statement import ASSERTION
from ned.provenance.worker import MAX_MANIFEST_BYTES
from ned.workspace import sha256_of

_UNTRUSTED = "signingCredential.untrusted"
_MAX_SHOWN = 300


@dataclass(frozen=True)
class Verdict:
    """What `verify_video` found."""

    path: Path
    state: str
    """`valid`, `tampered` (changed since it was signed, or the manifest is damaged) or `unsigned`."""
    causes: tuple[str, ...] = ()
    """Why it is not valid, in the library's words."""
    trust: str = ""
    """`trusted` (an authority that the user named vouches for the signer), `local` (made on this computer by ned) or
    `unknown` (nobody that is known here vouches)."""
    signer: str = ""
    signed_at: str = ""
    """By a time stamp; empty where there is none."""
    made_with: str = ""
    actions: tuple[str, ...] = ()
    edit: str = ""
    """What `ned` did, in its words; empty where another program signed."""
    edited_with: str = ""
    """The version of ned."""
    source: str = ""
    """Name of the file that was edited."""
    source_sha256: str = ""
    source_signed: bool = False
    """The source brought a manifest of its own, which is kept."""
    source_matches: bool | None = None
    """Whether the file given as source is the one; None where none was given or nothing is said about it."""

    @property
    def good(self) -> bool:
        """Valid, and no file that was given as source is another one."""
        return self.state == "valid" and self.source_matches is not False


def verify_video(path: Path, *, roots: str = "", source: Path | None = None) -> Verdict:
    """Read and check the manifest in `path` or beside it. `roots`: PEM of authorities that the user trusts.

    UserError where a file cannot be read. Nothing is fetched from anywhere.
    """
    workspace.check_input(path, what="signed file")
    if source is not None:
        workspace.check_input(source, what="source")
    try:
        found = _read(path, roots + local_roots())
        if found is None:
            return Verdict(path, "unsigned")
        if isinstance(found, str):
            return Verdict(path, "tampered", (found,))
        named = _read(path, roots) if roots and found["state"] == "Trusted" else None
        trusted = "trusted" if isinstance(named, dict) and named["state"] == "Trusted" else "local"
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", path=path, remedy="check the disk") from error
    return _verdict(path, found, trusted, source)


def _read(path: Path, roots: str) -> dict[str, Any] | str | None:
    """The manifest store and its `state`; why it cannot be read; None where there is none."""
    beside = workspace.manifest_path(path)
    has_beside = beside is not None and beside != path and beside.is_file()
    if has_beside and beside.stat().st_size > MAX_MANIFEST_BYTES:
        raise UserError("is too large for a manifest", path=beside, remedy="is it one?")
    try:
        manifest = str(beside) if has_beside else None
        return call("read", path.stat().st_size, video=str(path), manifest=manifest, roots=roots)
    except Failed as error:
        if not has_beside and (error.missing or not _may_be_signed(path)):
            return None
        return str(error)


def _may_be_signed(path: Path) -> bool:
    """Whether a file that c2pa cannot read was signed once: its box has the name `c2pa` in its first megabyte."""
    with path.open("rb") as file:
        return b"c2pa" in file.read(1024**2)


def _verdict(path: Path, store: dict[str, Any], trusted: str, source: Path | None) -> Verdict:
    active = _part(store.get("manifests"), store.get("active_manifest"))
    results = _part(store.get("validation_results"), "activeManifest")
    failures = [f for f in _list(results, "failure") if isinstance(f, dict) and f.get("code") != _UNTRUSTED]
    causes = tuple(_text(f.get("explanation") or f.get("code")) for f in failures)
    signature, edit = _part(active, "signature_info"), {}
    actions = []
    for assertion in _list(active, "assertions"):
        if not isinstance(assertion, dict):
            continue
        label, data = str(assertion.get("label")), assertion.get("data")
        if label == ASSERTION and isinstance(data, dict):
            edit = data
        if label.startswith("c2pa.actions"):
            actions += [_text(a.get("action")) for a in _list(data, "actions") if isinstance(a, dict)]
    parents = [i for i in _list(active, "ingredients") if isinstance(i, dict) and i.get("relationship") == "parentOf"]
    parent = parents[0] if parents else {}
    generators = [g for g in _list(active, "claim_generator_info") if isinstance(g, dict)]
    generator = generators[0] if generators else {}
    said = _part(edit, "source")
    digest = _text(said.get("sha256"))
    return Verdict(
        path,
        "valid" if store["state"] in ("Valid", "Trusted") and not causes else "tampered",
        causes,
        trusted if store["state"] == "Trusted" else "unknown",
        ", ".join(_text(signature[key]) for key in ("common_name", "issuer") if signature.get(key)),
        _text(signature.get("time")),
        " ".join(_text(generator[key]) for key in ("name", "version") if generator.get(key)),
        tuple(actions),
        _edit_said(edit),
        _text(edit.get("version")),
        _text(said.get("name") or parent.get("title")),
        digest,
        bool(parent.get("active_manifest")),
        sha256_of(source) == digest if source is not None and digest else None,
    )


def _edit_said(edit: dict[str, Any]) -> str:
    if not edit:
        return ""
    said, persons = _text(edit.get("said")), _text(edit.get("persons"))
    whom = f", person {persons}" if persons and "person" not in said else ""
    return f"{said}{whom}, {_text(edit.get('edited_frames'))} of {_text(edit.get('frames'))} frames"


def _part(value: Any, key: Any) -> dict[str, Any]:
    """`value[key]` where both are what they should be; manifests are written by anybody."""
    part = value.get(key) if isinstance(value, dict) and isinstance(key, str) else None
    return part if isinstance(part, dict) else {}


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _text(value: Any) -> str:
    """Printable text of bounded length, whatever stands in the manifest; terminals obey control characters."""
    text = "" if value is None else str(value)[: _MAX_SHOWN + 1]
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
