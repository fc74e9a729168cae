"""Proof that networks learn other tasks than masks from the loader: particles one by one, and images without noise.

    python -m benchmarks.tasks

makes crowded CdSe particles in a smaller cell through the real assets, trains a small U-Net for instances and one for
denoising on the processor, and writes `tasks.json` and `tasks.png` under `bench` in the data folder.
"""

import json
import math
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

import hrtem_assets as ha
from benchmarks.learning import SPECIMEN, Batch, UNet, make, reduced_campaign, trained
from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.store import Layout, data_root

CLEAR, NOISY = "df-10nm_400e", "df-10nm_150e"
# what a pixel is: beside particles, inside of one, or at the edge of one
BACKGROUND, INSIDE, EDGE = range(3)
EDGE_PX = 6
# a particle is found if it overlaps the true one by more than this
MATCH_IOU = 0.5
# pixels; what is smaller is no particle
LEAST_PX = 200


def crowded_campaign(train: int, validation: int) -> Campaign:
    """The reduced campaign with up to eight particles, which may touch, and the labels of both tasks."""
    return with_overrides(
        reduced_campaign(train, validation),
        {
            "placement": {"count_min": 4, "count_max": 8, "separation_a": 0},
            "labels": {"planes": ["mask", "soft_label", "instances", "clean_image"]},
        },
    )


def kinds(instances: Tensor) -> Tensor:
    """Background, inside and edge of each particle; where two touch, both have an edge."""
    padded = nn.functional.pad(instances[:, None].float(), (EDGE_PX,) * 4, mode="replicate")
    side = 2 * EDGE_PX + 1
    most = nn.functional.max_pool2d(padded, side, 1)[:, 0]
    least = -nn.functional.max_pool2d(-padded, side, 1)[:, 0]
    return torch.where(instances == 0, BACKGROUND, torch.where(most == least, INSIDE, EDGE))


def separated(guess: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Particles from the kinds of pixels: connected insides, each grown over the edges nearest to it."""
    seeds, _ = ndimage.label(guess == INSIDE)
    sizes = np.bincount(seeds.ravel())
    seeds[np.isin(seeds, np.flatnonzero(sizes < LEAST_PX // 4))] = 0
    if not seeds.any():
        return np.zeros(guess.shape, np.int32)
    _, nearest = ndimage.distance_transform_edt(seeds == 0, return_indices=True)
    return np.where(guess == BACKGROUND, 0, seeds[tuple(nearest)]).astype(np.int32)


def matches(found: NDArray[Any], true: NDArray[Any]) -> tuple[int, int, int]:
    """How many true particles were found, how many there are, how many were said to be there."""

    def particles(labels: NDArray[Any]) -> list[NDArray[np.bool_]]:
        return [labels == k for k in np.unique(labels[labels > 0]) if (labels == k).sum() >= LEAST_PX]

    guesses, wanted = particles(found), particles(true)
    hits = sum(any((g & w).sum() > MATCH_IOU * (g | w).sum() for g in guesses) for w in wanted)
    return hits, len(wanted), len(guesses)


class Denoiser(nn.Module):
    """A U-Net that corrects a smoothed image.

    Args:
        noise: standard deviation of the noise, by which the input is divided.
    """

    def __init__(self, noise: float) -> None:
        super().__init__()
        self.noise = noise
        self.net = UNet(1, (24, 48, 96))
        self.smooth = nn.Conv2d(1, 1, 9, padding=4, padding_mode="replicate", bias=False)

    def forward(self, image: Tensor) -> Tensor:
        correction: Tensor = self.net(image / self.noise)
        smooth: Tensor = self.smooth(image)
        return smooth + self.noise * correction


def learn_instances(root: Path, epochs: int) -> tuple[dict[str, float], list[NDArray[Any]]]:
    """F1 of particles found one by one in images never seen, beside connected areas of the true mask.

    Returns:
        figures; and an image, its true instances and those found.
    """
    torch.manual_seed(0)
    fields = ("image", "instances")
    network = trained(
        UNet(3),
        ha.TorchDataset((SPECIMEN, CLEAR), fields=fields, root=root),
        lambda net, batch: nn.functional.cross_entropy(net(batch["image"]), kinds(batch["instances"])),
        epochs,
    )
    total, connected = np.zeros(3, int), np.zeros(3, int)
    shown: list[NDArray[Any]] = []
    with torch.no_grad():
        for batch in ha.TorchDataset((SPECIMEN, CLEAR), "validation", fields=fields, root=root).batches(8):
            guesses = network(batch["image"]).argmax(dim=1).numpy()
            for image, guess, true in zip(batch["image"], guesses, batch["instances"].numpy(), strict=True):
                found = separated(guess)
                total += matches(found, true)
                connected += matches(ndimage.label(true > 0)[0], true)
                shown = shown or [image[0].numpy(), true, found]
    return {"f1": _f1(total), "f1_connected_true_mask": _f1(connected), "particles": int(total[1])}, shown


def learn_denoising(
    campaign: Campaign, root: Path, epochs: int
) -> tuple[dict[str, float], list[NDArray[Any]]]:
    """Root mean square difference from the clean image, of the noisy one, of it smoothed at best, and of the network's.

    Returns:
        figures; and a noisy image, the clean one and that of the network.
    """
    torch.manual_seed(0)
    fields = ("counts", "clean_image")
    condition = campaign.condition(NOISY)
    mean = float(condition.dose_e_per_a2) * campaign.simulation.output_sampling_a**2

    def noisy(batch: Batch) -> Tensor:
        return batch["counts"][:, None] / mean - 1

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        return nn.functional.mse_loss(network(noisy(batch))[:, 0], batch["clean_image"] - 1)

    training = ha.TorchDataset((SPECIMEN, NOISY), fields=fields, root=root)
    network = trained(Denoiser(1 / math.sqrt(mean)), training, loss, epochs)
    widths = np.arange(0.5, 5.1, 0.5)
    sums, images, shown = np.zeros(2 + len(widths)), 0, list[NDArray[Any]]()
    with torch.no_grad():
        for batch in ha.TorchDataset((SPECIMEN, NOISY), "validation", fields=fields, root=root).batches(8):
            clean, raw = batch["clean_image"].numpy().astype(float) - 1, noisy(batch)
            guess = network(raw)[:, 0].numpy()
            raw = raw[:, 0].numpy()
            smoothed = [ndimage.gaussian_filter(raw, (0, width, width)) for width in widths]
            sums += [float(((one - clean) ** 2).mean(axis=(1, 2)).sum()) for one in (raw, guess, *smoothed)]
            images += len(clean)
            shown = shown or [raw[0], clean[0], guess[0]]
    before, after, *smooth = np.sqrt(sums / images).tolist()
    best = int(np.argmin(smooth))
    return {
        "rms_noisy": before,
        "rms_smoothed": smooth[best],
        "smoothing_px": float(widths[best]),
        "rms_network": after,
    }, shown


def _f1(counts: NDArray[Any]) -> float:
    hits, wanted, said = counts.tolist()
    return 2 * hits / (wanted + said)


def draw(rows: list[list[NDArray[Any]]], target: Path) -> None:
    """What was seen and what was found."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5.2), layout="constrained")
    titles = (("image", "instances", "found"), ("image", "clean image", "network"))
    for axes_row, names, images in zip(figure.subplots(2, 3), titles, rows, strict=True):
        for axes, name, image in zip(axes_row, names, images, strict=True):
            if image.dtype.kind in "iu":
                axes.imshow(np.where(image > 0, (image - 1) % 10, np.nan), cmap="tab10", vmin=0, vmax=9)
            else:
                low, high = np.percentile(images[1] if name != "image" else image, (0.5, 99.5))
                axes.imshow(image, cmap="gray", vmin=low, vmax=high)
            axes.set_title(name)
            axes.set_axis_off()
    figure.savefig(target, dpi=130)


@click.command()
@click.option("--train", default=96, show_default=True, help="structures to train on")
@click.option("--validation", default=32, show_default=True, help="held-out structures")
@click.option("--epochs", default=60, show_default=True)
@click.option("--workers", default=1, show_default=True, help="processes that simulate")
def main(train: int, validation: int, epochs: int, workers: int) -> None:
    """Make the crowded campaign, train both networks, and print what they reach."""
    # tensors this small gain nothing from a second thread
    torch.set_num_threads(1)
    campaign = crowded_campaign(train, validation)
    folder = data_root() / "bench"
    layout = Layout(folder / "tasks")
    began = time.monotonic()
    make(campaign, layout, workers, (CLEAR, NOISY))
    print(f"made in {time.monotonic() - began:.0f} s")
    said: dict[str, Any] = {"settings": {"train": train, "validation": validation, "epochs": epochs}}
    rows = []
    tasks = {
        "instances": lambda: learn_instances(layout.root, epochs),
        "denoising": lambda: learn_denoising(campaign, layout.root, epochs),
    }
    for name, learn in tasks.items():
        start = time.process_time()
        figures, shown = learn()
        said[name] = figures | {"cpu_seconds": time.process_time() - start}
        rows.append(shown)
        print(name, json.dumps(said[name]), flush=True)
    (folder / "tasks.json").write_text(json.dumps(said, indent=1), "utf-8")
    draw(rows, folder / "tasks.png")


if __name__ == "__main__":
    main()
