"""The optional models that `ned` can use: where they come from, how they are known, under which licence.

A checksum is a fact about a file, not a promise about a server: what does not match is not used, wherever it came from.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from ned.errors import UserError

_ZOO = "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models"
_GITHUB = ("github.com", "objects.githubusercontent.com", "release-assets.githubusercontent.com",
           "raw.githubusercontent.com", "media.githubusercontent.com")  # fmt: skip


@dataclass(frozen=True)
class Model:
    """One file that somebody else publishes."""

    name: str
    file: str
    """Its name in the folder of models."""
    purpose: str
    licence: str
    kind: str
    """What it can be used as: a word of `KINDS`."""
    url: str = ""
    """Empty where nobody is known who serves this very file: then the user gives it with `--from`."""
    size: int = 0
    """Bytes; 0 where it is not known."""
    sha256: str = ""
    """Or how it begins, where no more is published. Empty where it is not known: then the file is fetched only with
    `--unchecked` or `--sha256`, and what came is recorded."""
    hosts: tuple[str, ...] = ()
    """Hosts beside the URL's own that its server may send us to."""


KINDS = ("landmarks", "expression", "valence-arousal", "identity", "features", "perceptual", "sync", "distribution",
         "video", "detector", "parsing")  # fmt: skip

MODELS: tuple[Model, ...] = (
    Model(
        "face-landmarker", "face_landmarker_v2_with_blendshapes.task",
        "478 landmarks and 52 ARKit coefficients in every third frame", "Apache-2.0 (MediaPipe)", "landmarks",
        "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        3_758_596, "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    ),
    Model(
        "expression-mobilefacenet", "facial_expression_recognition_mobilefacenet_2022july.onnx",
        "seven expressions (trained on RAF-DB)", "Apache-2.0", "expression",
        f"{_ZOO}/facial_expression_recognition/facial_expression_recognition_mobilefacenet_2022july.onnx",
        4_791_892, "4f61307602fc089ce20488a31d4e4614e3c9753a7d6c41578c854858b183e1a9", _GITHUB,
    ),
    Model(
        "enet-va", "enet_b0_8_va_mtl.onnx",
        "eight expressions, valence and arousal (trained on AffectNet)", "Apache-2.0", "valence-arousal",
        "https://raw.githubusercontent.com/sb-ai-lab/EmotiEffLib/main/models/affectnet_emotions/onnx/enet_b0_8_va_mtl.onnx",
        hosts=_GITHUB,
    ),
    Model(
        "expression-faceapi", "expression7_faceapi.onnx",
        "seven expressions (photographs of the wild)", "MIT (weights of face-api.js, as ONNX)", "expression",
        size=1_381_036, sha256="c808c41fee1ed3834045d26b00ea99d4588c5b9f46be33dcb35640fa6fb452c7",
    ),
    Model(
        "expression-minixception", "expression7_minixception.onnx",
        "seven expressions (trained on FER2013)", "MIT (weights of face_classification, as ONNX)", "expression",
        size=273_941, sha256="a54476ed2923e72968d9c3ce2e06c4abfac7c03fb68fa5d813661c7b07a8db27",
    ),
    Model(
        "expression-bigxception", "expression7_bigxception.onnx",
        "seven expressions (trained on FER2013)", "MIT (weights of face_classification, as ONNX)", "expression",
        size=857_259, sha256="ce6a5894051d629d6809de8ef5e5972b298e7774d279e71acfcda2c82d5aeb4a",
    ),
    Model(
        "sface", "face_recognition_sface_2021dec.onnx",
        "whether two faces are one person's", "Apache-2.0", "identity",
        f"{_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx",
        38_696_353, "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79", _GITHUB,
    ),
    Model(
        "alexnet", "alexnet-owt-7be5be79.pth",
        "LPIPS (its linear heads come with ned); the file that torchvision keeps of AlexNet",
        "BSD-3-Clause (torchvision)", "perceptual", sha256="7be5be79",
    ),
    Model(
        "inception", "pt_inception-2015-12-05-6726825d.pth", "FID and KID of faces (Inception-v3 of 2015)",
        "Apache-2.0 (pytorch-fid, TensorFlow)", "distribution",
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        sha256="6726825d", hosts=_GITHUB,
    ),
    Model(
        "i3d", "i3d_torchscript.pt",
        "FVD of faces (I3D of Kinetics-400); TorchScript in StyleGAN-V's layout, a program: give a file that you trust",
        "the file's own", "video",
    ),
    Model(
        "yunet", "face_detection_yunet_2023mar.onnx",
        "whether another detector still finds the face", "MIT", "detector",
        f"{_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",
        232_589, "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4", _GITHUB,
    ),
    Model(
        "bisenet", "bisenet_face_parsing_resnet18.onnx", "which pixels are face (trained on CelebAMask-HQ)",
        "MIT (yakhyo/face-parsing)", "parsing",
        "https://github.com/yakhyo/face-parsing/releases/download/weights/resnet18.onnx",
        sha256="0d9bd318e46987c3bdbfacae9e2c0f461cae1c6ac6ea6d43bbe541a91727e33f", hosts=_GITHUB,
    ),
    Model(
        "syncnet", "syncnet_v2.model", "LSE-D and LSE-C, how well lips fit the sound (SyncNet)",
        "research; its publishers ask to be named (VGG)", "sync",
        "https://www.robots.ox.ac.uk/~vgg/software/lipsync/data/syncnet_v2.model", sha256="961e8696",
    ),
    Model(
        "arcface-resnet18", "arcface_resnet18.onnx",
        "features of FAD in the protocol spfem; 112 pixels, RGB, (x − 127.5) ÷ 127.5", "the file's own", "features",
    ),
    Model(
        "efficientface", "efficientface_affectnet7.onnx",
        "features of CSIM in the protocol spfem; 224 pixels, RGB, ImageNet's mean and deviation", "the file's own",
        "features",
    ),
)  # fmt: skip


def model_named(name: str) -> Model:
    """The model of this name. UserError, with the nearest name, where there is none."""
    for model in MODELS:
        if model.name == name:
            return model
    near = difflib.get_close_matches(name, [m.name for m in MODELS], n=1, cutoff=0.3)
    hint = f"did you mean {near[0]}?" if near else "see `ned models list`"
    raise UserError(f"unknown model {name!r}", remedy=hint)
