"""One training step of each of the papers' systems; see `ned.training.learner.Learner`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, l1_loss

from ned.stills.gan.caae import CodeDiscriminator, Encoder, Generator, ImageDiscriminator, initialise
from ned.stills.gan.crops import Crops
from ned.stills.gan.settings import CaaeConfig, SmileConfig, StillSettings
from ned.stills.gan.smile import PatchCritic, StarCritic, Translator

NOISE_DECAY = 0.99
MEASURED = 64

Features = Callable[[Tensor], list[Tensor]]
"""Of images in [-1, 1]: activations of a face network, from fine to coarse."""


def as_tensor(images: np.ndarray) -> Float[Tensor, "batch 3 h w"]:
    """Bytes as images in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images)).movedim(-1, 1).float() / 127.5 - 1.0


def averaged(modules: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """Copies that will follow."""
    out = {name: copy.deepcopy(module) for name, module in modules.items()}
    for module in out.values():
        module.requires_grad_(False).eval()
    return out


def adam_of(config: StillSettings, *modules: nn.Module) -> torch.optim.Adam:
    """One optimiser of all their parameters."""
    parameters = [p for module in modules for p in module.parameters()]
    return torch.optim.Adam(parameters, lr=config.learning_rate, betas=(config.beta1, config.beta2))


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """A step down a loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: torch.Generator
) -> Tensor:
    """(‖∇D‖ − 1)² between real and generated images (I. Gulrajani and others, 2017)."""
    share = torch.rand(len(real), 1, 1, 1, generator=generator)
    between = (share * real + (1 - share) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return ((slope.flatten(1).norm(dim=1) - 1.0) ** 2).mean()


class CaaeLearner:
    """E and G against D_z and D_img. `features`: what the identity loss compares; None leaves it out."""

    kind, space = "caae", "pictures96"

    def __init__(
        self, config: CaaeConfig, train: Crops, held: Crops | None = None, features: Features | None = None
    ) -> None:
        self.settings, self.config, self._data, self._held = config, config.plain(), train, held
        self._features = features
        torch.manual_seed(config.seed)
        self.encoder, self.generator = Encoder(config.code, config.width), Generator(config.code, config.width)
        self.of_picture, self.of_code = ImageDiscriminator(config.code, config.width), CodeDiscriminator(config.code)
        self.modules: Mapping[str, nn.Module] = {
            "encoder": self.encoder, "generator": self.generator, "of_picture": self.of_picture, "of_code": self.of_code
        }  # fmt: skip
        for module in self.modules.values():
            initialise(module)
        self.averages: Mapping[str, nn.Module] = averaged({k: self.modules[k] for k in ("encoder", "generator")})
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "drawing": adam_of(config, self.encoder, self.generator), "of_picture": adam_of(config, self.of_picture),
            "of_code": adam_of(config, self.of_code),
        }  # fmt: skip

    def step(self, number: int) -> dict[str, float]:
        """Both discriminators once, then E and G."""
        config = self.settings
        rng = np.random.default_rng([config.seed, number])
        rows = rng.integers(len(self._data.images), size=config.batch)
        real = as_tensor(self._data.images[rows])
        label = torch.from_numpy(self._data.places[rows]).float()
        prior = torch.from_numpy(rng.uniform(-1, 1, (config.batch, config.code))).float()
        code = self.encoder(real)
        drawn = self.generator(code, label)
        yes, no = torch.ones(config.batch), torch.zeros(config.batch)
        said = {}
        for name, one, other in (
            ("of_code", self.of_code(prior), self.of_code(code.detach())),
            ("of_picture", self.of_picture(real, label), self.of_picture(drawn.detach(), label)),
        ):
            loss = binary_cross_entropy_with_logits(one, yes) + binary_cross_entropy_with_logits(other, no)
            update(self.optimizers[name], loss)
            said[name] = float(loss.detach())
        parts = {
            "reconstruction": l1_loss(drawn, real),
            "prior": binary_cross_entropy_with_logits(self.of_code(code), yes),
            "adversarial": binary_cross_entropy_with_logits(self.of_picture(drawn, label), yes),
        }
        if self._features is not None and config.identity > 0:
            some = slice(config.identity_pictures)
            pairs = zip(self._features(drawn[some]), self._features(real[some]), strict=True)
            parts["identity"] = torch.stack([l1_loss(a, b) for a, b in pairs]).sum()
        update(self.optimizers["drawing"], sum(getattr(config, name) * value for name, value in parts.items()))
        return said | {name: float(value.detach()) for name, value in parts.items()}

    def measure(self) -> dict[str, float]:
        """L1 on persons held out."""
        if self._held is None or not len(self._held.images):
            return {"score": 0.0}
        with torch.inference_mode():
            real = as_tensor(self._held.images[:MEASURED])
            label = torch.from_numpy(self._held.places[:MEASURED]).float()
            l1 = float(l1_loss(self.averages["generator"](self.averages["encoder"](real), label), real))
        return {"score": -l1, "l1": l1}


class StarLearner:
    """One generator for all classes; the critic also tells the class."""

    kind, space = "stargan", "pictures64"

    def __init__(self, config: SmileConfig, train: Crops, held: Crops | None, classes: list[int]) -> None:
        """`classes`: numbers of the emotions among `ned.types.EMOTIONS`."""
        self.settings, self.config, self._data, self._held = config, config.plain(), train, held
        self._classes = classes
        self._of = {k: np.flatnonzero(train.emotions == c) for k, c in enumerate(classes)}
        torch.manual_seed(config.seed)
        self.translator = Translator(len(classes), config.generator_width, config.blocks)
        self.critic = StarCritic(len(classes), config.size, config.critic_width)
        self.modules: Mapping[str, nn.Module] = {"translator": self.translator, "critic": self.critic}
        self.averages: Mapping[str, nn.Module] = averaged({"translator": self.translator})
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            name: adam_of(config, module) for name, module in self.modules.items()
        }

    def step(self, number: int) -> dict[str, float]:
        """The critic; in every `critic_steps`-th step the generator too."""
        config, count = self.settings, len(self._classes)
        rng, chance = _chances(config.seed, number)
        self.critic.quieten(_noise(config, number))
        source, target = rng.integers(count, size=(2, config.batch))
        rows = np.array([rng.choice(self._of[int(k)]) for k in source])
        real = as_tensor(self._data.images[rows])
        was, wanted = (nn.functional.one_hot(torch.from_numpy(k), count).float() for k in (source, target))
        with torch.no_grad():
            fake = self.translator(real, wanted)
        of_real, kind = self.critic(real)
        of_fake, _ = self.critic(fake)
        penalty = gradient_penalty(lambda x: self.critic(x)[0], real, fake, chance)
        told = cross_entropy(kind, torch.from_numpy(source))
        wasserstein = of_real.mean() - of_fake.mean()
        loss = -wasserstein + config.gradient_penalty * penalty + config.classes * told
        update(self.optimizers["critic"], loss)
        values = {"wasserstein": wasserstein, "penalty": penalty, "class_real": told}
        if (number + 1) % config.critic_steps == 0:
            fake = self.translator(real, wanted)
            score, kind = self.critic(fake)
            back = l1_loss(self.translator(fake, was), real)
            asked = cross_entropy(kind, torch.from_numpy(target))
            loss = -score.mean() + config.classes * asked + config.reconstruction * back
            update(self.optimizers["translator"], loss)
            values |= {"generator": -score.mean(), "class_fake": asked, "back": back}
        return {name: float(value.detach()) for name, value in values.items()}

    def measure(self) -> dict[str, float]:
        """The way back and, by the critic's own class answer, how often persons held out show what was asked for."""
        held = self._held
        if held is None or not len(held.images):
            return {"score": 0.0}
        count, translator = len(self._classes), self.averages["translator"]
        real = as_tensor(held.images[:MEASURED])
        source = torch.tensor([self._classes.index(int(e)) for e in held.emotions[:MEASURED]])
        target = (source + 1) % count
        was, wanted = (nn.functional.one_hot(k, count).float() for k in (source, target))
        self.critic.eval()
        with torch.inference_mode():
            fake = translator(real, wanted)
            back = float(l1_loss(translator(fake, was), real))
            hit = float((self.critic(fake)[1].argmax(1) == target).float().mean())
        self.critic.train()
        return {"score": hit - back, "asked": hit, "back": back}


class CycleLearner:
    """Two generators and two critics, there and back."""

    kind, space = "cyclegan", "pictures64"

    def __init__(self, config: SmileConfig, train: Crops, held: Crops | None, classes: list[int]) -> None:
        """`classes`: the number of the emotion to begin from, and of the one to go to."""
        if len(classes) != 2:
            raise ValueError("CycleGAN translates between two emotions")
        self.settings, self.config, self._data, self._held = config, config.plain(), train, held
        self._classes = classes
        self._of = [np.flatnonzero(train.emotions == c) for c in classes]
        torch.manual_seed(config.seed)
        make = lambda: Translator(0, config.generator_width, config.blocks)  # noqa: E731
        self.modules: Mapping[str, nn.Module] = {
            "there": make(), "back": make(), "critic_there": PatchCritic(config.critic_width),
            "critic_back": PatchCritic(config.critic_width),
        }  # fmt: skip
        self.averages: Mapping[str, nn.Module] = averaged({k: self.modules[k] for k in ("there", "back")})
        m = self.modules
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "translators": adam_of(config, m["there"], m["back"]),
            "critics": adam_of(config, m["critic_there"], m["critic_back"]),
        }

    def step(self, number: int) -> dict[str, float]:
        """Both critics; in every `critic_steps`-th step both generators too."""
        config, m = self.settings, self.modules
        rng, chance = _chances(config.seed, number)
        pick = lambda k: as_tensor(self._data.images[rng.choice(self._of[k], config.batch)])  # noqa: E731
        a, b = pick(0), pick(1)
        for name in ("critic_there", "critic_back"):
            m[name].quieten(_noise(config, number))
        with torch.no_grad():
            fake_b, fake_a = m["there"](a), m["back"](b)
        loss, values = 0.0, {}
        for name, real, fake in (("critic_there", b, fake_b), ("critic_back", a, fake_a)):
            wasserstein = m[name](real).mean() - m[name](fake).mean()
            penalty = gradient_penalty(m[name], real, fake, chance)
            loss = loss - wasserstein + config.gradient_penalty * penalty
            values |= {f"wasserstein_{name}": wasserstein, f"penalty_{name}": penalty}
        update(self.optimizers["critics"], loss)
        if (number + 1) % config.critic_steps == 0:
            fake_b, fake_a = m["there"](a), m["back"](b)
            score = m["critic_there"](fake_b).mean() + m["critic_back"](fake_a).mean()
            cycle = l1_loss(m["back"](fake_b), a) + l1_loss(m["there"](fake_a), b)
            same = l1_loss(m["there"](b), b) + l1_loss(m["back"](a), a)
            update(self.optimizers["translators"], -score + config.cycle * cycle + config.identity * same)
            values |= {"generator": -score, "cycle": cycle, "identity": same}
        return {name: float(value.detach()) for name, value in values.items()}

    def measure(self) -> dict[str, float]:
        """The way back of persons held out."""
        held = self._held
        rows = np.flatnonzero(held.emotions == self._classes[0])[:MEASURED] if held is not None else np.zeros(0, int)
        if not len(rows):
            return {"score": 0.0}
        with torch.inference_mode():
            real = as_tensor(held.images[rows])
            fake = self.averages["there"](real)
            back = float(l1_loss(self.averages["back"](fake), real))
        return {"score": -back, "back": back, "change": float(l1_loss(fake, real))}


def _chances(seed: int, number: int) -> tuple[np.random.Generator, torch.Generator]:
    """All chance of a step; the noise in the critic comes from torch's own, seeded here."""
    torch.manual_seed((seed << 32) ^ number)
    return np.random.default_rng([seed, number]), torch.Generator().manual_seed((seed << 32) ^ number)


def _noise(config: SmileConfig, number: int) -> float:
    return config.noise * NOISE_DECAY ** (number // config.epoch_steps)
