"""Optional models of others: what is known of them, where they lie, how they come there. Nothing is fetched unasked."""

from ned.models.registry import MODELS, Model, model_named
from ned.models.store import find_model, model_path, models_root, state_of, take_file

__all__ = [
    "MODELS",
    "Model",
    "find_model",
    "model_named",
    "model_path",
    "models_root",
    "state_of",
    "take_file",
]
