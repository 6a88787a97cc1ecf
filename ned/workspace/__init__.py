"""The only place that knows file names: outputs, the cache, and how a file comes to its final name.

Nothing here imports numpy but `ned.analysis.cached`.
"""

from ned.files.atomic import atomic_path, flush_to_disk, give_name, write_text
from ned.files.reading import check_input, fingerprint, sha256_of
from ned.workspace.cache import Cache, cache_root
from ned.workspace.data import actor_folder, actor_name, actor_weights, actors_root, data_root
from ned.workspace.job import Job, alone_in, check_space, job_key, open_job, publishing, work_folder, work_mark
from ned.workspace.numbered import Numbered, check_new_images, check_numbered, is_numbered
from ned.workspace.outputs import (
    CONTAINERS,
    SIGNED_CONTAINERS,
    check_container,
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
    "Job",
    "Numbered",
    "actor_folder",
    "actor_name",
    "actor_weights",
    "actors_root",
    "alone_in",
    "atomic_path",
    "cache_root",
    "check_container",
    "check_input",
    "check_new_images",
    "check_numbered",
    "check_output",
    "check_space",
    "compare_path",
    "data_root",
    "default_output",
    "fingerprint",
    "flush_to_disk",
    "give_name",
    "is_numbered",
    "job_key",
    "manifest_path",
    "open_job",
    "publishing",
    "report_path",
    "sha256_of",
    "work_folder",
    "work_mark",
    "write_text",
]
