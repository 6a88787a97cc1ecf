"""How good an edit is: metrics, judges, tables, pages and panels. See docs/evaluation.md.

`metrics` are pure functions; `judges` see faces; `video` is `ned evaluate video`. Nothing of the editing imports this.
"""
