"""Augmentation by the libraries that people use: image, planes and points change together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

Sample = dict[str, Any]
# where the image is still itself behind a transform
SEEN = "seen"


def transformed(
    transform: Callable[..., Any], sample: Sample, planes: Sequence[str], points: str | None = None
) -> Sample:
    """A sample behind a transform, which is called as its library wants it.

    Args:
        transform: of albumentations, called by keywords with arrays; of torchvision, called with the sample as
            `tv_tensors`; or any function that takes the sample and returns one.
        sample: `image` float32 (1, y, x), and planes (y, x).
        planes: names of its planes, of which pixels are never mixed.
        points: name of its points (N, 2), x and y in pixels; None for none.

    Raises:
        ValueError: if a plane's type cannot be transformed, or a function returns no sample.
    """
    library = {"albumentations": _by_albumentations, "torchvision": _by_torchvision}.get(
        type(transform).__module__.partition(".")[0]
    )
    if library is not None:
        if points is None:
            return library(transform, sample, planes, None)
        # what was outside the image may be turned into it, where there is nothing to see
        size = next(sample[name].shape[-2:] for name in ("image", *planes) if name in sample)
        seen = sample | {SEEN: torch.ones(size, dtype=torch.uint8)}
        changed = library(transform, seen, [*planes, SEEN], points)
        return changed | {SEEN: changed[SEEN].bool()}
    changed = transform(sample)
    if not isinstance(changed, Mapping):
        raise ValueError(
            f"transform: it returned {type(changed).__name__}; a function takes a sample and returns one, a dict with "
            f"the same names"
        )
    return dict(changed)


def seen_points(sample: Sample, points: Sequence[str], shape: tuple[int, ...]) -> Sample:
    """The points of a sample that are in its image, and nothing else.

    Args:
        sample: behind `transformed`, or without.
        points: names of what there is of each point; places (N, 2) in pixels, x first, are the first.
        shape: of the image, where the sample does not tell.
    """
    seen = sample.get(SEEN)
    if seen is None:
        size = next((v.shape[-2:] for n, v in sample.items() if n not in points), shape)
        seen = torch.ones(size, dtype=torch.bool)
    height, width = seen.shape
    places = torch.round(sample[points[0]]).long()
    within = (places >= 0).all(dim=1) & (places[:, 0] < width) & (places[:, 1] < height)
    within[within.clone()] = seen[places[within, 1], places[within, 0]]
    return {name: sample[name][within] for name in points}


def _by_albumentations(transform: Any, sample: Sample, planes: Sequence[str], points: str | None) -> Sample:
    for name in planes:
        _require_real(sample, name, torch.int64)
    given: dict[str, Any] = {"image": sample["image"][0].numpy()[..., None]} if "image" in sample else {}
    # numbers up to 2^24 pass through single precision unchanged
    given["masks"] = [sample[name].numpy().astype(np.float32) for name in planes]
    if points is not None:
        if "keypoints" not in getattr(transform, "processors", {}):
            raise ValueError(
                "transform: points need Compose(..., keypoint_params=KeypointParams(format='xy', "
                "remove_invisible=False)); add it, or leave points out of fields"
            )
        given["keypoints"] = sample[points].numpy()
    changed = transform(**given)
    result = dict(sample)
    if "image" in sample:
        result["image"] = torch.from_numpy(np.ascontiguousarray(changed["image"].transpose(2, 0, 1)))
    for name, plane in zip(planes, changed["masks"], strict=True):
        result[name] = torch.from_numpy(np.ascontiguousarray(plane)).to(sample[name].dtype)
    if points is not None:
        result[points] = torch.as_tensor(np.asarray(changed["keypoints"], np.float32).reshape(-1, 2))
    return result


def _by_torchvision(transform: Any, sample: Sample, planes: Sequence[str], points: str | None) -> Sample:
    from torchvision import tv_tensors

    for name in planes:
        _require_real(sample, name)
    given: dict[str, Any] = {name: tv_tensors.Mask(sample[name]) for name in planes}
    if "image" in sample:
        given["image"] = tv_tensors.Image(sample["image"])
    if points is not None:
        given[points] = tv_tensors.KeyPoints(sample[points], canvas_size=tuple(sample[SEEN].shape))
    changed = transform(given)
    return sample | {name: value.as_subclass(torch.Tensor) for name, value in changed.items()}


def _require_real(sample: Sample, name: str, *unless: torch.dtype) -> None:
    if sample[name].is_complex() or (name == "particle_bits" and torch.int64 in unless):
        raise ValueError(
            f"transform: {name} cannot be transformed by this library; leave it out of fields, or give a function that "
            f"takes the sample as a whole"
        )
