"""Judges: what sees a face and says something of it. None shares code or weights with the editing.

Embedded is MediaPipe's plain face mesh (Apache-2.0; its wheel carries the network): 468 points, from which openings,
measures, masks and alignment come. Its weights are others than those of the attention mesh that the editing tracks
with. Everything else is a network of somebody else's in the folder of models.
"""

from ned.evaluation.judges.choice import Judges, find_judges
from ned.evaluation.judges.protocol import AffectJudge, ExpressionJudge, FeatureJudge, ImageJudge

__all__ = ["AffectJudge", "ExpressionJudge", "FeatureJudge", "Judges", "ImageJudge", "find_judges"]
