"""The people of a video, and which of them the user means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.ndimage import uniform_filter1d

from ned.config import EditOptions
from ned.config.timeline import ALL, PersonEdit
from ned.errors import UserError
from ned.geometry.articulation import lips_over_eyes
from ned.types import Analysis, FaceTrack

SPEECH_WINDOW_S = 0.4
"""Lips of a speaker come and go faster than this; slower changes are moods and poses."""
SPEAKING, NOISE_PX = 0.018, 0.3
"""Lip motion from which on a mouth speaks, and what the landmarks' noise adds to that on a small face."""
NOBODY_LIKE = 0.6
"""Distance from an image beyond which a person of the video is surely another."""


@dataclass(frozen=True)
class Person:
    """One person of a video."""

    number: int
    frames: int
    """In how many frames the face is seen."""
    share: float
    """The same as a share of all frames."""
    size_px: float
    """Mean width of the face."""
    first_s: float
    last_s: float
    """First and last frame that shows the face, seconds of the video."""
    lip_motion: float
    """Standard deviation of the fast part of the mouth's opening, as a share of the distance of the eyes."""

    @property
    def speaking(self) -> bool:
        """Whether the lips move as in speech."""
        return self.lip_motion >= SPEAKING + NOISE_PX / max(self.size_px, 1.0)


@dataclass(frozen=True)
class CastMember:
    """Who is edited, into what, and why just this person."""

    person: int
    edit: PersonEdit
    why: str = ""


def people_of(analysis: Analysis) -> tuple[Person, ...]:
    """Everybody in a video, the most prominent first."""
    rate, out = float(analysis.video.frame_rate), []
    for number in analysis.persons():
        tracks = analysis.tracks_of(number)
        count = sum(map(len, tracks))
        sizes = np.concatenate([track.boxes[:, 2] - track.boxes[:, 0] for track in tracks])
        seen_s = np.concatenate([analysis.times_s(track.frames[[0, -1]]) for track in tracks])
        motion = np.concatenate([fast_lip_motion(track, rate) for track in tracks])
        out.append(
            Person(
                number, count, count / max(1, analysis.num_frames), float(sizes.mean()), float(seen_s.min()),
                float(seen_s.max()), float(motion.std()),
            )
        )  # fmt: skip
    return tuple(out)


def fast_lip_motion(track: FaceTrack, frame_rate: float) -> Float[np.ndarray, "frames"]:
    """Opening between the lips without its slow part, as a share of the distance of the outer eye corners."""
    opening = lips_over_eyes(track.landmarks)
    window = max(3, round(SPEECH_WINDOW_S * frame_rate))
    return opening - uniform_filter1d(opening, window, mode="nearest")


def choose_cast(analysis: Analysis, options: EditOptions) -> tuple[CastMember, ...]:
    """Who is edited and into what, the most prominent first.

    Raises UserError where nobody is seen, or somebody is named who is not in the video.
    """
    people = people_of(analysis)
    if not people:
        raise UserError(
            "no face was found", path=analysis.video.path,
            remedy="use a video in which a face is at least about 60 pixels high",
        )  # fmt: skip
    edits = options.person_edits()
    if len(edits) == 1 and edits[0].person is None:
        if options.person == ALL:
            return tuple(CastMember(person.number, edits[0]) for person in people)
        if options.person is not None:
            return (CastMember(_known(options.person, people, analysis), edits[0]),)
        if options.person_like is not None:
            found, why = most_like(analysis, options.person_like), f"most like {options.person_like.name}"
            return (CastMember(found, edits[0], why),)
    wanted = {edit.person: edit for edit in edits}
    for number in wanted:
        if isinstance(number, int):
            _known(number, people, analysis)
    lead = next((person for person in people if person.number not in wanted), None)  # whom an edit without name means
    parts = []
    for person in people:
        if person.number in wanted:
            parts.append(CastMember(person.number, wanted[person.number]))
        elif person is lead and None in wanted:
            parts.append(CastMember(person.number, wanted[None], prominence_of(person, people)))
        elif ALL in wanted:
            parts.append(CastMember(person.number, wanted[ALL]))
    return tuple(parts)


def prominence_of(person: Person, people: Sequence[Person]) -> str:
    """Why this person comes first, in words (numbers follow size × time × motion of the lips)."""
    if len(people) == 1:
        return "the only person"
    if person.speaking:
        return "the most prominent speaker"
    return "the most prominent person; nobody speaks" if not any(p.speaking for p in people) else "the most prominent"


def most_like(analysis: Analysis, image: Path) -> int:
    """Number of the person who looks most like the one in an image. Raises UserError where nobody does."""
    from ned.analysis.appearance import appearance_distances
    from ned.analysis.image import appearance_in

    found = appearance_distances(analysis.tracks, appearance_in(image))
    if not found or found[0][0] > NOBODY_LIKE:
        remedy = "give an image from the front, or a number that `ned analyse` lists as --person"
        raise UserError("nobody in the video looks like this", path=image, remedy=remedy)
    return found[0][1]


def _known(number: int | str, people: Sequence[Person], analysis: Analysis) -> int:
    numbers = sorted(person.number for person in people)
    if number not in numbers:
        remedy = f"choose one of: {', '.join(map(str, numbers))}"
        raise UserError(f"there is no person {number}", path=analysis.video.path, remedy=remedy)
    return int(number)
