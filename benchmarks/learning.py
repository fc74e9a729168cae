"""Proof that a network learns from what is made here: a small U-Net on a reduced campaign, by dose and by defocus.

    python -m benchmarks.learning

makes the CdSe series of the published campaign in a smaller cell through the real assets, trains one U-Net per
training set and seed on the processor, and writes `learning.json` and `learning.png` under `bench` in the data folder.
"""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import click
import torch
from torch import Tensor, nn

import hrtem_assets as ha
from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import Campaign, load_campaign
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store import Layout, data_root

SPECIMEN = "CdSe-medium"
# cross-entropy of two classes whose softmax is taken twice: it cannot fall below this, see the source
FLOOR = math.log(1 + math.exp(-1))
# the source's median validation losses above the floor, recomputed from its result tables
PUBLISHED = {
    "df-10nm_030e": 0.0526,
    "df-10nm_075e": 0.0262,
    "df-10nm_150e": 0.0184,
    "df-10nm_300e": 0.0138,
    "df-10nm_600e": 0.0116,
    "df-10nm_400e": 0.0146,
    "df-05nm_400e": 0.0173,
    "df+00nm_400e": 0.0547,
    "df+05nm_400e": 0.0149,
    "df+10nm_400e": 0.0148,
}
TICKS = (0.01, 0.02, 0.03, 0.05, 0.1)
DOSES, DEFOCI = tuple(PUBLISHED)[:5], tuple(PUBLISHED)[5:]
BATCH, FOLD, RATE = 8, 4, 3e-3
Batch = dict[str, Any]


def reduced_campaign(train: int, validation: int) -> Campaign:
    """The published campaign with smaller particles on a thinner substrate in a smaller cell."""
    return load_campaign(
        "paper",
        {
            "name": "learning",
            "counts": {"train": train, "validation": validation},
            "sizes": {"small": None, "large": None, "medium": {"radius_min_a": 8, "radius_max_a": 14}},
            "substrate": {"thickness_min_a": 10, "thickness_max_a": 30},
            "placement": {"count_max": 3},
            "simulation": {
                "engine": "fused",
                "fused_mode": "fast",
                "cell_a": 64,
                "sampling_a": 0.2,
                "slice_thickness_a": 2,
                "frozen_phonons": 1,
            },
            "training_sets": {"crop_px": 256},
            "series": {"structure_series": None},
        },
    )


def make(
    campaign: Campaign, layout: Layout, workers: int, conditions: tuple[str, ...] = tuple(PUBLISHED)
) -> None:
    """Every asset of the specimen, under the conditions that are compared."""
    for asset in ASSETS.values():
        fill(
            asset,
            campaign,
            SPECIMEN,
            conditions if asset.per_condition else (None,),
            layout,
            count=None,
            compute=LocalCompute(workers=workers),
            provenance={"run_id": "learning", "overrides": {}},
            log=lambda _: None,
        )


class UNet(nn.Module):
    """Three levels, two convolutions each.

    The finest level holds squares of `FOLD` x `FOLD` pixels as channels: nothing is lost, and a processor is enough.

    Args:
        outputs: values for each pixel.
        widths: channels of the levels.
    """

    def __init__(self, outputs: int = 2, widths: tuple[int, ...] = (16, 32, 64)) -> None:
        super().__init__()
        ins = (FOLD**2, *widths[:-1])
        self.down = nn.ModuleList(_block(i, o) for i, o in zip(ins, widths, strict=True))
        self.up = nn.ModuleList(_block(i + o, o) for i, o in zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.head = nn.Conv2d(widths[0], outputs * FOLD**2, 1)

    def forward(self, image: Tensor) -> Tensor:
        kept: list[Tensor] = []
        x = nn.functional.pixel_unshuffle(image, FOLD)
        for level, block in enumerate(self.down):
            x = block(nn.functional.max_pool2d(x, 2) if level else x)
            kept.append(x)
        kept.pop()
        for block in self.up:
            x = block(torch.cat([nn.functional.interpolate(x, scale_factor=2.0), kept.pop()], dim=1))
        return nn.functional.pixel_shuffle(self.head(x), FOLD)


def _block(inputs: int, outputs: int) -> nn.Module:
    layers: list[nn.Module] = []
    for i in (inputs, outputs):
        layers += [nn.Conv2d(i, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


def loss_of(logits: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy after a softmax too many, as the source has it, to be comparable with its figures."""
    return nn.functional.cross_entropy(logits.softmax(dim=1), mask.long())


def trained(
    network: nn.Module, data: ha.TorchDataset, loss: Callable[[nn.Module, Batch], Tensor], epochs: int
) -> nn.Module:
    """The network after some epochs of the loader's batches."""
    network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    steps = epochs * (len(data) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(epochs):
        for batch in data.batches(BATCH, threads=1, drop_last=True):
            optimizer.zero_grad()
            loss(network, batch).backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def train_and_validate(condition: str, root: Path, epochs: int, seed: int) -> dict[str, float]:
    """Loss above the floor, IoU and F1 on structures that the network has not seen."""
    torch.manual_seed(seed)
    fields = ("image", "mask")
    training = ha.TorchDataset((SPECIMEN, condition), seed=seed, fields=fields, root=root)
    held_out = ha.TorchDataset((SPECIMEN, condition), "validation", fields=fields, root=root)
    network = trained(UNet(), training, lambda net, b: loss_of(net(b["image"]), b["mask"]), epochs)
    losses, hits, found, true = [], 0, 0, 0
    with torch.no_grad():
        for batch in held_out.batches(8, threads=1):
            logits, mask = network(batch["image"]), batch["mask"]
            losses += [float(loss_of(a[None], m[None])) for a, m in zip(logits, mask, strict=True)]
            guess = logits.argmax(dim=1).bool()
            hits += int((guess & mask).sum())
            found, true = found + int(guess.sum()), true + int(mask.sum())
    return {
        "loss_above_floor": sum(losses) / len(losses) - FLOOR,
        "iou": hits / (found + true - hits),
        "f1": 2 * hits / (found + true),
    }


def draw_curves(results: dict[str, dict[str, Any]], campaign: Campaign, target: Path) -> None:
    """Loss above the floor by dose and by defocus, beside the published ones."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, keys, label in ((panels[0], DOSES, "dose [e/Å²]"), (panels[1], DEFOCI, "defocus [nm]")):
        conditions = [campaign.condition(k) for k in keys]
        where = [c.dose_e_per_a2 if keys is DOSES else c.defocus_nm for c in conditions]
        axes.plot(where, [results[k]["loss_above_floor"] for k in keys], "o-", label="here, reduced campaign")
        axes.plot(where, [PUBLISHED[k] for k in keys], "s--", label="published, full campaign")
        axes.set(xlabel=label, xscale="log" if keys is DOSES else "linear", yscale="log")
        axes.set_xticks(where, [f"{v:g}" for v in where])
        axes.set_yticks(TICKS, [f"{v:g}" for v in TICKS])
        axes.minorticks_off()
    panels[0].set_ylabel("validation loss above its floor")
    panels[0].legend(frameon=False)
    figure.savefig(target, dpi=150)


@click.command()
@click.option("--train", default=96, show_default=True, help="structures to train on")
@click.option("--validation", default=32, show_default=True, help="held-out structures")
@click.option("--epochs", default=30, show_default=True)
@click.option("--seeds", default=1, show_default=True, help="networks per training set; their median counts")
@click.option("--workers", default=1, show_default=True, help="processes that simulate")
def main(train: int, validation: int, epochs: int, seeds: int, workers: int) -> None:
    """Make the reduced campaign, train, and compare with the published losses."""
    # tensors this small gain nothing from a second thread
    torch.set_num_threads(1)
    campaign = reduced_campaign(train, validation)
    folder = data_root() / "bench"
    layout = Layout(folder / "learning")
    began = time.monotonic()
    make(campaign, layout, workers)
    print(f"made in {time.monotonic() - began:.0f} s\n{'':14}{'loss':>9}{'published':>11}{'IoU':>7}{'F1':>7}")
    results: dict[str, dict[str, Any]] = {}
    for key, published in PUBLISHED.items():
        start = time.process_time()
        runs = [train_and_validate(key, layout.root, epochs, seed) for seed in range(seeds)]
        results[key] = {name: median(run[name] for run in runs) for name in runs[0]} | {
            "published_loss_above_floor": published,
            "runs": runs,
            "cpu_seconds": time.process_time() - start,
        }
        r = results[key]
        print(
            f"{key:14}{r['loss_above_floor']:9.4f}{published:11.4f}{r['iou']:7.3f}{r['f1']:7.3f}", flush=True
        )
        said = {
            "specimen": SPECIMEN,
            "settings": {"train": train, "validation": validation, "epochs": epochs, "seeds": seeds},
            "network": {
                "parameters": sum(p.numel() for p in UNet().parameters()),
                "batch": BATCH,
            },
            "results": results,
        }
        (folder / "learning.json").write_text(json.dumps(said, indent=1), "utf-8")
    draw_curves(results, campaign, folder / "learning.png")


if __name__ == "__main__":
    main()
