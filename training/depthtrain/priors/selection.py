"""Attention-guided feature selection: keep the references that frames not trained on really look at.

W_j = mean over frames of (mean_q A[q, j] + mean_h mean_q A_h[q, j]); over all references it sums to 2. Source: RPrDepth
(ECCV 2024). References stream past in two passes (normaliser, then weights), so their number is not bounded by memory, and sums
are kept in float64 and order, so that the same inputs give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch

from depthtrain.priors.fusion import HEADS, PriorFusion, References

DECILES = 10
QUERIES_PER_PASS = 4096
REFERENCES_AT_ONCE = 4096
"""Affinities held at a time are QUERIES_PER_PASS times as many: 64 MB each in float32."""


@torch.no_grad()
def attention_weights(fusion: PriorFusion, features: Iterable[torch.Tensor], count: int,
                      references: Callable[[], Iterator[References]]) -> np.ndarray:
    """W (count,) float64 over the frames whose F_s (1, C, h, w) `features` yields; `references` starts a new stream each call."""
    def pieces() -> Iterator[References]:
        return (piece for part in references() for piece in _pieces(part))

    total, frames = np.zeros(count), 0
    waiting: list[torch.Tensor] = []
    for f_s in features:
        waiting.append(f_s)
        frames += 1
        if sum(item.shape[2] * item.shape[3] for item in waiting) >= QUERIES_PER_PASS:
            total += _pass(fusion, waiting, count, pieces)
            waiting = []
    if waiting:
        total += _pass(fusion, waiting, count, pieces)
    if frames == 0:
        raise ValueError("no frames to select by")
    return total / frames


def _pass(fusion: PriorFusion, features: list[torch.Tensor], count: int,
          references: Callable[[], Iterator[References]]) -> np.ndarray:
    """Sum over the frames of their weights; every query of a frame counts 1 / queries of that frame."""
    queries = [fusion.queries(f_s) for f_s in features]
    shares = torch.cat([torch.full((len(pixel),), 1.0 / len(pixel), dtype=torch.float64) for pixel, _ in queries])
    pixel, heads = (torch.cat([pair[side] for pair in queries]) for side in range(2))
    paths = [(pixel, 1.0)] + [(part, 1.0 / HEADS) for part in heads.view(len(heads), HEADS, -1).unbind(1)]
    normaliser = torch.full((len(paths), len(pixel)), -torch.inf)
    for part in references():
        for number, logits in enumerate(_logits(fusion, paths, part)):
            normaliser[number] = torch.logaddexp(normaliser[number], torch.logsumexp(logits, 1))
    weights, first = np.zeros(count), 0
    for part in references():
        last = first + len(part.disparity)
        for number, logits in enumerate(_logits(fusion, paths, part)):
            attention = (logits - normaliser[number][:, None]).exp().double()
            weights[first:last] += paths[number][1] * (shares @ attention).numpy()
        first = last
    return weights


def _pieces(part: References) -> Iterator[References]:
    """A chunk of a file is far more than should meet a whole pass of queries at once."""
    for first in range(0, len(part.disparity), REFERENCES_AT_ONCE):
        yield part.rows(torch.arange(first, min(first + REFERENCES_AT_ONCE, len(part.disparity))))


def _logits(fusion: PriorFusion, paths: list[tuple[torch.Tensor, float]], part: References) -> Iterator[torch.Tensor]:
    bank = fusion.project(part)
    heads = bank.key_heads.view(len(bank.key_heads), HEADS, -1).unbind(1)
    for (query, _), key in zip(paths, (bank.key_pixel, *heads)):
        yield query @ key.T


def top(weights: np.ndarray, count: int) -> np.ndarray:
    """Indices of the `count` largest weights, ascending; ties go to the smaller index. All when there are no more."""
    return np.sort(np.argsort(-weights, kind="stable")[:count])


def stratified(weights: np.ndarray, disparity: np.ndarray, count: int) -> np.ndarray:
    """The same number from each tenth of the references by disparity, so that rare near ones survive; ascending indices.

    What a tenth cannot fill, and the remainder of the division, goes to the heaviest that are left.
    """
    order = np.argsort(disparity, kind="stable")
    chosen = [part[top(weights[part], count // DECILES)] for part in np.array_split(order, DECILES)]
    index = np.concatenate(chosen)
    left = np.setdiff1d(np.arange(len(weights)), index)
    rest = left[top(weights[left], max(0, min(count, len(weights)) - len(index)))]
    return np.sort(np.concatenate([index, rest]))
