"""A public-domain portrait as a file of any kind."""

import numpy as np
import pytest
from PIL import Image

from ned.stills.faces import find_faces
from ned.stills.image import read_image


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """RGB of 512 × 512 pixels with one face."""
    from skimage.data import astronaut

    return astronaut()


@pytest.fixture(scope="session")
def png(portrait, tmp_path_factory):
    """The same as a PNG."""
    path = tmp_path_factory.mktemp("png") / "portrait.png"
    Image.fromarray(portrait).save(path)
    return path


@pytest.fixture(scope="session")
def found(png):
    """The face in it."""
    return find_faces(read_image(png))


@pytest.fixture(scope="session")
def photo(portrait, tmp_path_factory):
    """The same as a JPEG with EXIF, ICC and a thumbnail, lying on its side as a telephone would keep it."""
    from PIL import ImageCms

    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lying = Image.fromarray(np.rot90(portrait))
    lying.save(path, quality=88, subsampling=0, exif=exif, icc_profile=icc, dpi=(300, 300))
    return path
