"""What a unit has finished before it is done: pieces go into the store as they are made, so that whoever does the unit
after a lost worker goes on from there.

They go in bundles, each an object called by the digest of what is in it, `r0000-0010.kept.DIGEST.tar`, that stays: when
the unit is done, its success marker names the bundles, and its own archive holds the rest. The analysis of a video is
not kept: it grows by half a gigabyte an hour, and an object store cannot append.
"""

from __future__ import annotations

import tarfile
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ned.batch.archives import digest_of, pack, unfold
from ned.batch.store import Store
from ned.batch.units import Unit
from ned.errors import NedError

WHOLE = ("*.nut", "picture-*.npz")
"""Pieces, and the report's images of them: what has such a name is complete."""


class KeptPieces:
    """Of one unit, whose pieces are made in `folder`. Threads may share it."""

    def __init__(self, store: Store, unit: Unit, folder: Path) -> None:
        self._store, self._unit, self._folder = store, unit, folder
        self._bundles: list[str] = []
        self._inside: set[str] = set()
        self._alone, self._over = threading.Lock(), False

    def bring(self, digests: Iterable[str]) -> None:
        """Lay what others kept into the folder; what cannot be had, or is not what it is called by, is made anew."""
        for digest in digests:
            name = bundle_name(self._unit, digest)
            with self._alone, suppress(NedError, OSError, tarfile.TarError):
                files = fetch_bundle(self._store, name, self._folder)
                if files is not None:
                    self._inside |= set(files)
                    self._bundles.append(name)

    def keep(self) -> None:
        """Put what has been finished since into the store. An error is none: then there is less to go on from."""
        with self._alone, suppress(NedError, OSError):
            new = [p for form in WHOLE for p in sorted(self._folder.glob(form)) if p.name not in self._inside]
            if not new or self._over:
                return
            with tempfile.TemporaryDirectory(dir=self._folder) as place:
                packed = Path(place) / "kept.tar"
                pack(packed, self._folder, new)
                name = bundle_name(self._unit, digest_of(packed))
                self._store.put_file(name, packed)
            self._bundles.append(name)
            self._inside |= {path.name for path in new}

    def close(self) -> tuple[tuple[str, ...], frozenset[str]]:
        """The bundles, and the names of the files in them; nothing more is kept."""
        with self._alone:
            self._over = True
            return tuple(dict.fromkeys(self._bundles)), frozenset(self._inside)


def bundle_name(unit: Unit, digest: str) -> str:
    """An object of the store."""
    return unit.path(f"kept.{digest}.tar")


def fetch_bundle(store: Store, name: str, folder: Path) -> list[str] | None:
    """Lay a bundle's files into a folder; their names, None where it is not there or damaged. Raises as
    `Store.fetched`, OSError and TarError."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        packed = Path(place) / "kept.tar"
        if not store.fetched(name, packed) or digest_of(packed) != name.split(".")[-2]:
            return None
        return unfold(packed, folder)
