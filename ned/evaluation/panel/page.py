"""What a viewer gets beside the images: a brief and a page to answer on. The page sends nothing anywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources

from ned.emotions import EMOTIONS

BRIEF = """You take part in a study of facial expressions in video. Every item is a {what} of one talking person,
cropped around the face. Some are untouched recordings of acted or ordinary speech; in others, software changed the
expression. People may occur several times. Judge each item by itself, as an attentive person would, and
look at nothing else.

Open answer.html in a browser, or write a table answers.csv with the columns number, realism, emotion, remark:
realism   5 surely untouched, 4 probably untouched, 3 cannot say, 2 probably altered, 1 surely altered
emotion   neutral, happy, angry, sad, fear, disgusted or surprised: what the face conveys most
remark    where realism is 3 or less: what looks wrong, in a few words
"""


def answer_page(files: Sequence[str], viewer: int) -> str:
    """One page, that shows the files beside it one after another and keeps the answers until they are saved."""
    page = (resources.files("ned") / "assets" / "panel_answer.html").read_text(encoding="utf-8")
    for word, value in (
        ("VIEWER", str(viewer)),
        ("FILES", json.dumps(list(files))),
        ("EMOTIONS", json.dumps(EMOTIONS)),
    ):
        page = page.replace(word, value)
    return page
