"""A learner that learns fast: the bent nearest frame, times a gain and plus an offset for each channel."""

import copy

import numpy as np
import torch

from ned.renderer.neural.evaluation import warp_of_nearest


class Tint(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gain, self.offset = torch.nn.Parameter(torch.full((3,), 0.4)), torch.nn.Parameter(torch.zeros(3))

    def forward(self, image):
        return self.gain * image + self.offset


STEP_S, MEASURING_S = 0.05, 0.2
"""By the clock of a test."""


class TintLearner:
    """`memory_for`: largest batch that fits into memory. `clock`: what a step and a measurement take time of."""

    kind, space = "face renderer", "arkit52"
    memory_for, made, clock = 10**9, [], None

    def __init__(self, config, footages, model, measure=None):
        self.config, self._settings, self._measure = config.plain(), config, measure
        self.footages = footages
        tint = Tint()
        self.modules, self.averages = {"renderer": tint}, {"renderer": copy.deepcopy(tint)}
        self.optimizers = {"renderer": torch.optim.Adam(tint.parameters(), lr=config.learning_rate)}
        self.steps = 0
        type(self).made.append(self)

    def step(self, number):
        if self._settings.batch > self.memory_for:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:119] DefaultCPUAllocator: can't allocate memory")
        rng = np.random.default_rng([self._settings.seed, number])
        shown = self.footages[int(rng.integers(len(self.footages)))]
        k = int(rng.integers(len(shown)))
        image = torch.from_numpy(shown.frames[k].astype(np.float32) / 255)
        loss = (self.modules["renderer"](image) - image).abs().mean()
        self.optimizers["renderer"].zero_grad()
        loss.backward()
        self.optimizers["renderer"].step()
        self.steps += 1
        if self.clock is not None:
            self.clock.pass_s(STEP_S)
        return {"pixel": float(loss.detach())}

    def measure(self):
        if self.clock is not None:
            self.clock.pass_s(MEASURING_S)
        return self._measure(self) if self._measure else {"score": 0.0}

    def finish(self, wanted, reference):
        return None

    def generate(self, wanted, reference):
        with torch.inference_mode():
            return self.averages["renderer"](torch.from_numpy(warp_of_nearest(wanted, reference))).numpy()
