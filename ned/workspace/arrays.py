"""NumPy's files of others."""

from __future__ import annotations

import tokenize
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def array_errors() -> Iterator[None]:
    """Within, `np.load` raises ValueError for damaged headers as it says, not what its parser of headers raises."""
    try:
        yield
    except (tokenize.TokenError, SyntaxError) as error:
        raise ValueError("an array's header cannot be read") from error
