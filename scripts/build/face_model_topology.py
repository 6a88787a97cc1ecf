"""Names for places on MediaPipe's face mesh: contours, chains of controls, regions that hold still.

Chains of the actor's left half run from the outer corner to the midline (lips) or from the outer
corner to the nose (eyes, brows). `MIRROR` maps each landmark to its partner on the other side.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

NUM_MESH, NUM_VERTICES = 468, 478

OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
LIPS_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
LIPS_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
EYE_LEFT = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
EYE_RIGHT = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
BROW_LEFT = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
BROW_RIGHT = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)

# actor's left, corner -> midline
UPPER_OUTER = (291, 409, 270, 269, 267, 0)
UPPER_RED_OUTER = (306, 408, 304, 303, 302, 11)
UPPER_RED = (292, 407, 272, 271, 268, 12)
UPPER_INNER = (308, 415, 310, 311, 312, 13)
LOWER_OUTER = (291, 375, 321, 405, 314, 17)
LOWER_RED_OUTER = (306, 307, 320, 404, 315, 16)
LOWER_RED = (292, 325, 319, 403, 316, 15)
LOWER_INNER = (308, 324, 318, 402, 317, 14)
ABOVE_LIP = (287, 410, 322, 391, 393, 164)
BELOW_LIP = (287, 273, 335, 406, 313, 18)
UPPER_CHAINS = (UPPER_OUTER, UPPER_RED_OUTER, UPPER_RED, UPPER_INNER)
LOWER_CHAINS = (LOWER_OUTER, LOWER_RED_OUTER, LOWER_RED, LOWER_INNER)
# actor's left, outer corner -> nose; contours first, then the rings of skin around them
LID_UPPER = (466, 388, 387, 386, 385, 384, 398)
LID_LOWER = (249, 390, 373, 374, 380, 381, 382)
LID_UPPER_RING = (467, 260, 259, 257, 258, 286, 414)
LID_LOWER_RING = (255, 339, 254, 253, 252, 256, 341)
LID_UPPER_FOLD = (342, 445, 444, 443, 442, 441, 413)
LID_LOWER_FOLD = (261, 448, 449, 450, 451, 452, 453)
LID_CORNERS = (263, 362, 359, 463)
BROW_UPPER = (300, 293, 334, 296, 336)
BROW_LOWER = (276, 283, 282, 295, 285)
IRIS_LEFT, IRIS_RIGHT = (473, 474, 475, 476, 477), (468, 469, 470, 471, 472)

CHIN = (152, 175, 199, 200, 377, 396, 428, 421, 400, 369, 262, 418)
BRIDGE = (168, 6, 197, 195, 122, 196, 351, 419)
FOREHEAD_TOP = (10, 109, 67, 103, 54, 21, 338, 297, 332, 284, 251)

STABLE = {  # landmarks that expression hardly moves, with their weights for the pose
    168: 2.0, 6: 2.0, 197: 2.0, 195: 1.5, 5: 1.0, 4: 0.7, 8: 0.6, 9: 0.3, 10: 0.5, 151: 0.3,
    33: 1.0, 263: 1.0, 133: 2.0, 362: 2.0, 122: 1.0, 351: 1.0, 196: 1.0, 419: 1.0, 245: 1.0, 465: 1.0,
    127: 1.0, 356: 1.0, 234: 1.0, 454: 1.0, 162: 0.8, 389: 0.8, 21: 0.6, 251: 0.6, 54: 0.4, 284: 0.4,
    103: 0.4, 332: 0.4, 67: 0.4, 297: 0.4, 109: 0.4, 338: 0.4, 93: 0.6, 323: 0.6, 227: 0.6, 447: 0.6,
    34: 0.6, 264: 0.6, 139: 0.6, 368: 0.6, 71: 0.4, 301: 0.4, 2: 0.4,
}  # fmt: skip


def triangles() -> np.ndarray:
    """(852, 3) triangles of the 468-point mesh; the mouth and the two eyes are holes.

    Three-cycles of MediaPipe's tesselation graph, less the two that enclose a nostril wing without
    being a face, turned clockwise on the screen for a frontal face.
    """
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    edges = {tuple(sorted(edge)) for edge in FACEMESH_TESSELATION}
    neighbours = defaultdict(set)
    for a, b in edges:
        neighbours[a].add(b)
        neighbours[b].add(a)
    found = {tuple(sorted((a, b, c))) for a, b in edges for c in neighbours[a] & neighbours[b]}
    found -= {(49, 64, 129), (279, 294, 358)}
    return _oriented(sorted(found), first=(4, 5, 281))


def _oriented(found: list[tuple[int, int, int]], first: tuple[int, int, int]) -> np.ndarray:
    """The same triangles with one orientation, spread from one of them over shared edges."""
    by_edge = defaultdict(list)
    for triangle in found:
        for i in range(3):
            by_edge[frozenset((triangle[i], triangle[(i + 1) % 3]))].append(triangle)
    assert max(map(len, by_edge.values())) == 2, "an edge has more than two triangles"
    turned = {tuple(sorted(first)): first}
    queue = [tuple(sorted(first))]
    while queue:
        key = queue.pop()
        a, b, c = turned[key]
        for p, q in ((a, b), (b, c), (c, a)):
            for other in by_edge[frozenset((p, q))]:
                if other not in turned:
                    (r,) = set(other) - {p, q}
                    turned[other] = (q, p, r)
                    queue.append(other)
    assert len(turned) == len(found) == 852, (len(turned), len(found))
    return np.array([turned[t] for t in found], np.int32)


def mirror_map(mean: np.ndarray) -> np.ndarray:
    """(478,) the partner of each landmark on the other side, from a symmetric mean face."""
    distance = np.linalg.norm((mean * [-1, 1, 1])[:, None] - mean[None], axis=-1)
    mirror = distance.argmin(1)
    assert (mirror[mirror] == np.arange(len(mean))).all() and distance.min(1).max() < 2e-3
    return mirror
