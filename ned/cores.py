"""How many of the processor's cores paint."""

import os

PAINTING = max(1, (os.cpu_count() or 2) // 2)
"""Half, since decoder and encoder work beside the renderer: threads that wait for each other on a busy machine cost ten
times what they bring."""
