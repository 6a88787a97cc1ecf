"""The only place that knows file names: outputs, the cache, and how a file comes to its final name.

Nothing here imports numpy but `ned.workspace.analyses`.
"""

from ned.workspace.atomic import atomic_path, write_text
from ned.workspace.cache import Cache, cache_root, fingerprint
from ned.workspace.outputs import (
    CONTAINERS,
    SIGNED_CONTAINERS,
    check_container,
    check_input,
    check_output,
    compare_path,
    default_output,
    manifest_path,
    report_path,
)

__all__ = [
    "CONTAINERS",
    "SIGNED_CONTAINERS",
    "Cache",
    "atomic_path",
    "cache_root",
    "check_container",
    "check_input",
    "check_output",
    "compare_path",
    "default_output",
    "fingerprint",
    "manifest_path",
    "report_path",
    "write_text",
]
