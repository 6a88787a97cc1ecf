"""Work on one video or many, as a command, a page or a batch wants it: events, cancellation, outcomes."""

from ned.jobs.events import JobBegan, JobEnded, NotEdited, Outcome
from ned.jobs.queue import Jobs
from ned.jobs.run import is_done, run_batch, run_job

__all__ = ["JobBegan", "JobEnded", "Jobs", "NotEdited", "Outcome", "is_done", "run_batch", "run_job"]
