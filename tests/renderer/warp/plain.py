"""Slow, readable twins: of `ned.renderer.warp.field`, everything at full resolution, and of the loops over meshes."""

import cv2
import numpy as np

from ned.geometry.landmarks import LANDMARKS
from ned.geometry.rasterize import rasterize
from ned.renderer.warp import layers
from ned.renderer.warp.field import FAR, NEAR, drawn_mesh, softness_px
from ned.renderer.warp.lips import LOWER, RING_SHARES, UPPER
from ned.renderer.warp.mesh import OVAL, RINGS


def soften(source_xy, shade, skin, sigma):
    """Blurs the displacement `source_xy` − pixel, and `shade`, over `skin` by `sigma` pixels; next to what is no skin
    nothing changes."""
    grid = np.indices(skin.shape, np.float32)[::-1].transpose(1, 2, 0)
    mask = skin.astype(np.float32)
    values = np.dstack([(source_xy - grid) * mask[..., None], shade * mask, mask])
    blurred = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    around = blurred[..., 3]
    share = np.clip((around - NEAR) / (FAR - NEAR), 0.0, 1.0)
    share = share * share * (3 - 2 * share) * mask
    blurred = blurred[..., :3] / np.maximum(around, 1e-3)[..., None]
    moved = source_xy + share[..., None] * (grid + blurred[..., :2] - source_xy)
    return moved, shade + share * (blurred[..., 2] - shade)


def plain_field(mesh, skin, uv, shade, edit, size, textures, lacking):
    """`source_xy`, `gain`, both textures and `unseen` of every pixel."""
    drawn = drawn_mesh(mesh, skin, uv, shade, edit, lacking)
    image, depth = np.zeros((*size, 6), np.float32), np.full(size, np.inf, np.float32)
    image[..., 2:4] = -1
    rasterize(drawn.vertices[:, :2], drawn.vertices[:, 2], drawn.attributes, drawn.triangles, image, depth)
    grid = np.indices(size, np.float32)[::-1].transpose(1, 2, 0)
    moved, spread = soften(grid + image[..., :2], image[..., 4], image[..., 2] != -2, softness_px(edit))
    at = image[..., 2:4] * np.float32(len(textures) - 1)
    both = cv2.remap(textures, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return moved, 1 + spread + both[..., 0], both[..., 1], image[..., 5]


def with_rings(face, target):
    """Twin of `SkinMesh.with_rings`."""
    outline, motion = face[list(OVAL)], target[list(OVAL)] - face[list(OVAL)]
    centre = outline.mean(0)
    sources, targets = [face], [target]
    for radius, share in RINGS:
        ring = centre + (outline - centre) * np.array([radius, radius, 1.0], np.float32)
        sources.append(ring)
        targets.append(ring + motion * share)
    return np.concatenate(sources), np.concatenate(targets)


def fit_lips(source, target, opening):
    """Twin of `ned.renderer.warp.lips.fit_lips`."""
    chin, root = LANDMARKS.chin, LANDMARKS.nose_root
    length = float(np.linalg.norm(source[chin] - source[root]))
    down = (source[chin] - source[root]) / max(length, 1e-6)
    before = source[LOWER[0]] - source[UPPER[0]]
    height = np.maximum(before @ down, 0.0)
    middle = float(height[len(height) // 2])
    trust = min(1.0, middle / (0.02 * length))
    lens = np.sin(np.pi * np.arange(len(height)) / (len(height) - 1)) ** 0.8
    shape = trust * height / max(middle, 1e-6) + (1.0 - trust) * lens
    wanted = before + ((opening - middle) * shape)[:, None] * down
    out = target.copy()
    for rings in (UPPER, LOWER):
        motion = out[rings] - source[rings]
        for _ in range(2):
            smooth = motion.copy()
            smooth[:, 1:-1] = 0.25 * motion[:, :-2] + 0.5 * motion[:, 1:-1] + 0.25 * motion[:, 2:]
            motion = smooth
        out[rings] = source[rings] + motion
    missing = wanted - (out[LOWER[0]] - out[UPPER[0]])
    inner = slice(1, -1)
    for ring, share in enumerate(RING_SHARES):
        out[UPPER[ring, inner]] -= 0.5 * share * missing[inner]
        out[LOWER[ring, inner]] += 0.5 * share * missing[inner]
    return out


def source_grid(hole, source, target, upper_motion, lower_motion):
    """Twin of `layers.source_grid`."""
    upper, lower = source[list(hole.upper)], source[list(hole.lower)]
    follow = layers.follow_grid(upper, lower)
    wanted = layers.follow_grid(target[list(hole.upper)], target[list(hole.lower)])
    v = layers.ROWS[:, None]
    rigid = wanted - ((1 - v)[..., None] * upper_motion + v[..., None] * lower_motion)
    span = lower - upper
    along = ((rigid - upper) * span).sum(-1) / np.maximum((span**2).sum(-1), 0.25)
    inside = np.clip(np.minimum(v, 1 - v) / hole.band, 0, 1)
    position = np.maximum.accumulate(v + inside * (np.clip(along, 0.04, 0.96) - v), axis=0)
    columns = np.arange(len(upper))
    middle = np.clip(np.minimum(columns, columns[::-1]) / (len(upper) - 1) / 0.3, 0, 1)
    across = (upper[-1] - upper[0]) / max(float(np.linalg.norm(upper[-1] - upper[0])), 1e-6)
    sideways = ((rigid - follow) @ across) * inside * middle * np.clip(np.sqrt((span**2).sum(-1)) / 3.0, 0, 1)
    return upper + position[..., None] * span + sideways[..., None] * across


def mouth_grid(source_upper, source_lower, target_upper, target_lower, split):
    """Twin of `layers.mouth_grid`."""
    across = source_upper[-1] - source_upper[0]
    width = max(float(np.linalg.norm(across)), 1e-6)
    across = across / width
    axes = np.stack([across, [-across[1], across[0]]], axis=1)
    su, sl, tu, tl = (points @ axes for points in (source_upper, source_lower, target_upper, target_lower))
    v = layers.MOUTH_ROWS[:, None]
    middle, half = 0.5 * (tu[0, 0] + tu[-1, 0]), max(0.5 * (tu[-1, 0] - tu[0, 0]), 1e-6)
    u = np.clip(((1 - v) * tu[:, 0] + v * tl[:, 0] - middle) / half, -1.0, 1.0)
    widening = float(np.clip(2.0 * half / width, 1.0 / 1.3, 1.3))
    x = 0.5 * (su[0, 0] + su[-1, 0]) + 0.5 * width * (widening * u - (widening - 1.0) * u**3)
    upper, lower = (np.interp(x, *lip[np.argsort(lip[:, 0])].T) for lip in (su, sl))
    centre = len(su) // 2
    growth = layers.growth_of(float(sl[centre, 1] - su[centre, 1]), float(tl[centre, 1] - tu[centre, 1]))
    down = upper + layers.parted(growth, split)[0][:, None] * np.maximum(lower - upper, 0.0)
    return np.stack([x, down], axis=-1) @ axes.T


def uncovered(source_upper, source_lower, wanted, centre, normal, rows):
    """Twin of `eyes.uncovered`."""
    span = source_lower - source_upper
    length2 = np.maximum((span**2).sum(-1), 0.25)

    def along(points):
        return ((points - source_upper) * span).sum(-1) / length2

    mirrored = wanted - 2.0 * ((wanted - centre) @ normal)[..., None] * normal
    hidden = np.clip((0.22 - along(wanted)) / 0.22, 0.0, 1.0)
    raised = np.clip((-along(wanted[:1]) - 0.01) / 0.07, 0.0, 1.0)
    visible = np.clip((0.92 - along(mirrored)) / 0.1, 0.0, 1.0) * (along(mirrored) > along(wanted))
    columns = np.arange(len(span))
    corners = np.clip((np.minimum(columns, columns[::-1]) / (len(span) - 1) - 0.18) / 0.15, 0.0, 1.0)
    return np.minimum(2.0 * hidden, 1.0) * raised * visible * corners * np.clip(0.6 + rows[:, None] / 0.08, 0.0, 1.0)
