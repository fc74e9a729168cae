"""Micrographs: electron counts under one imaging condition; one row is an image."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import (
    PIXEL,
    Asset,
    Assignment,
    Column,
    Made,
    RunSetting,
    Unmakeable,
    sampling_a,
)
from hrtem_assets.assets.remarks import clipped_images, unclear_foci
from hrtem_assets.assets.zero_defocus import imaging_bytes
from hrtem_assets.backend.choice import DeviceRequest, backend_for, describe
from hrtem_assets.backend.processor import PROCESSOR_BACKEND
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.figures import TILE_PX, PartitionPicture, micrograph_image
from hrtem_assets.imaging.detector import Detector
from hrtem_assets.imaging.draws import ImageDistribution, microscope_settings
from hrtem_assets.imaging.effect import Exposure, ImagingEffect
from hrtem_assets.imaging.effects import effects_of
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.exposing import before_detector, clean_intensity, expose, stored_counts
from hrtem_assets.imaging.frame import ImageGrid
from hrtem_assets.imaging.intensity import spectra_of
from hrtem_assets.imaging.regridding import regridded
from hrtem_assets.labels.plane import ImagePlane, ImageSource, Wave
from hrtem_assets.labels.registry import image_planes, stored_plane_bytes
from hrtem_assets.specimen.bounds import Bounds
from hrtem_assets.store import (
    CheckedStore,
    Coordinate,
    Recipe,
    Schema,
    StoreInfo,
    StoreReader,
    Variable,
    pixel_coordinates,
)

_STRUCTURES_PER_SHARD = 16
_MOST_LOST_COUNTS = 0.05
# a wrong draw, not a rare one
_MOST_SIGMAS = 8.0


class MicrographsAsset(Asset):
    """Image each structure's waves at its own defocus about the nominal one, through the campaign's effects."""

    name = "micrographs"
    description = "Electron counts at a defocus and a dose. One row is an image."
    # 4: numpy's own Poisson numbers, and ducc0's transforms
    code_version = "4"
    upstream = ("exit_waves", "zero_defocus")
    per_condition = True
    run_settings = (
        RunSetting("optics", "microscope overrides"),
        RunSetting("stage", "vibration and drift overrides"),
        RunSetting("detector", "detector overrides"),
        RunSetting("frame", "pixel and size overrides"),
    )
    card_rows = (
        ("optics.focal_spread_a", "focal spread [Å]"),
        ("optics.focal_spread_convention", "focal spread is given as"),
        ("optics.aberrations.c30_um", "spherical aberration [µm]"),
        ("defocus_jitter_nm", "standard deviation of the defocus [nm]"),
        ("images_per_structure", "images of each structure"),
    )

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        key = condition or ""
        microscope, effects = campaign.microscope(key), campaign.effects(key)
        planes = {plane.name: plane.code_version for plane in image_planes(campaign)}
        return {
            **microscope_settings(microscope),
            "defocus_jitter_nm": microscope.optics.defocus_jitter_nm,
            "condition": campaign.condition(key).aim,
            "imaging": [effect.model_dump(mode="json") for effect in effects],
            "imaging_code": {effect.name: effect.version(microscope) for effect in effects},
            **({"planes": planes} if planes else {}),
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return tuple(sorted({"numpy", "ducc0", *(p for e in campaign.imaging or () for p in e.packages)}))

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        key = condition or ""
        grid, detector = campaign.image_grid(key), campaign.microscope(key).detector
        return Schema(
            arrays=(
                counts_variable(detector, grid.side_px),
                *(plane.variable(grid.side_px, specimen) for plane in image_planes(campaign)),
            ),
            records=(
                Variable(
                    "defocus", units="nm", long_name="true defocus from zero defocus, underfocus positive"
                ),
                Variable("exit_plane_defocus", units="Å", long_name="true defocus from the exit plane"),
                Variable("dose", units="e/Å²", long_name="effective dose"),
                *image_records(campaign, key),
                Variable("mean_counts", units=counts_unit(detector), long_name="mean of the image"),
                Variable(
                    "most_counts",
                    dtype=detector.output,
                    units=counts_unit(detector),
                    long_name="largest pixel",
                ),
                Variable(
                    "minimum_ratio",
                    long_name="least variance at a second minimum of the focus search by that at zero defocus",
                ),
                Variable("seed", dtype="uint64", long_name="seed of the image's draws"),
            ),
            coordinates=image_coordinates(grid),
            structures_per_shard=_STRUCTURES_PER_SHARD,
            title=f"Micrographs of {specimen.key} at {condition}: one row is an image",
            rows_per_structure=self.rows_per_structure(campaign),
        )

    def figures(self, column: Column) -> dict[str, float]:
        return {
            "mean_defocus_nm": float(column("defocus").mean()),
            "mean_counts": float(column("mean_counts").mean()),
        }

    def pictures(
        self, store: CheckedStore, upstream: Callable[[str], CheckedStore], shown: Sequence[int]
    ) -> PartitionPicture:
        return PartitionPicture(
            [micrograph_image(store.read("counts", i), sampling_a(store, i), size_px=TILE_PX) for i in shown],
            [f"{store.info.row_name(i)}: {float(store.read('defocus', i)):+.1f} nm" for i in shown],
        )

    def violations(
        self, recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float
    ) -> Iterator[str]:
        counts, images = values["counts"], ImageDistribution.of_recipe(recipe.settings)
        seed = int(values["seed"])
        draw = images.draw(seed)
        # the pixel before binning, where it is not drawn
        pixel_a = sampling_a / draw.microscope.detector.binning
        exposure = Exposure(draw.microscope, np.nan, pixel_a, dose_e_per_a2=draw.dose_e_per_a2, seed=seed)
        mean, least, most = float(counts.mean()), 1 - _MOST_LOST_COUNTS, 1 + _MOST_LOST_COUNTS
        for effect in effects_of(recipe.settings):
            least, most = effect.mean_bounds(least, most, exposure)
        noise = _MOST_SIGMAS * math.sqrt(most / counts.size)
        if not least - noise <= mean <= most + noise:
            yield f"mean counts = {mean:.4g} are not between {least:.4g} and {most:.4g}"
        if mean != float(values["mean_counts"]) or counts.max() != values["most_counts"]:
            yield "mean_counts or most_counts are not the image's"
        told = {"defocus": draw.defocus_nm, "dose": draw.dose_e_per_a2, **draw.values}
        for name, value in told.items():
            if float(values[name]) != value:
                yield f"{name} = {float(values[name]):g} is not {value:g}, which the image's seed draws"

    def remarks(self, info: StoreInfo, column: Column) -> Iterator[str]:
        yield from unclear_foci(info, column("minimum_ratio"))
        if "clipped_pixels" in info.attributes["records"]:
            pixels = math.prod(StoreReader(info.path).array("counts").shape[1:])
            yield from clipped_images(info, column("clipped_pixels"), pixels)

    def drawn_records(self, recipe: Recipe) -> tuple[str, ...]:
        return ("defocus", "dose", *ImageDistribution.of_recipe(recipe.settings).records)

    def reads_vacuum_waves(self, campaign: Campaign) -> bool:
        return bool(image_planes(campaign))

    def memory_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds, conditions: int) -> int:
        # a shard of images under every condition, and one of them again as it is written
        images = (conditions + 2) * _STRUCTURES_PER_SHARD * largest_image_bytes(campaign)
        # of clean images, the spectra of particles alone too
        pixels = campaign.simulation.output_grid**2
        phonons = campaign.simulation.frozen_phonons
        clean = len(image_planes(campaign)) * ((conditions + 2) * _STRUCTURES_PER_SHARD * 2 + 40) * pixels
        return imaging_bytes(campaign, most) + images + clean + (26 * phonons * pixels if clean else 0)

    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        # noise does not compress: a third at most
        largest_px = max(campaign.image_grid(c.key).side_px for c in campaign.conditions)
        clean = int(stored_plane_bytes(image_planes(campaign)) * largest_px**2)
        return 35 * largest_image_bytes(campaign) // 100 + clean

    def make_one(self, work: Assignment) -> Made:
        campaign, specimen, index, sources = work.campaign, work.specimen, work.index, work.sources
        simulation, backend = campaign.simulation, backend_for(work.device) or PROCESSOR_BACKEND
        planes = image_planes(campaign)

        @cache
        def spectra(wave: Wave) -> Any:
            return spectra_of(sources["exit_waves"].read(wave, index), backend)

        zero_a, minimum_ratio = (
            float(sources["zero_defocus"].read(name, index)) for name in ("zero_defocus", "minimum_ratio")
        )
        made: dict[str | None, Any] = {}
        for key in work.conditions:
            # the first draw has the seed of the only one
            name = f"{self.name}/{key}/{work.draw}" if work.draw else f"{self.name}/{key}"
            seed = structure_seed(campaign, specimen.key, index, name)
            draw = campaign.images(key or "").draw(seed)
            exit_plane_defocus_a = zero_a + 10 * draw.defocus_nm
            optics = draw.microscope.optics.at_energy(simulation.beam_energy_kev)
            exposure = Exposure(
                draw.microscope.model_copy(update={"optics": optics}),
                wavelength_a(simulation.beam_energy_kev),
                simulation.output_sampling_a,
                exit_plane_defocus_a,
                draw.dose_e_per_a2,
                seed,
                backend,
                campaign.detector_side_px(key or ""),
            )
            try:
                arrays, values = _image(spectra, campaign.effects(key or ""), exposure, planes)
            except OverflowError as error:
                made[key] = Unmakeable(str(error))
                continue
            record = {
                "defocus": draw.defocus_nm,
                "exit_plane_defocus": exit_plane_defocus_a,
                "dose": draw.dose_e_per_a2,
                "mean_counts": float(arrays["counts"].mean()),
                "most_counts": arrays["counts"].max(),
                "minimum_ratio": minimum_ratio,
                "seed": seed,
                **values,
                **draw.values,
                **pixel_record(campaign.image_grid(key or ""), exposure),
            }
            made[key] = (arrays, record)
        return made

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        return describe(backend_for(device))


def _image(
    spectra: Callable[[Wave], Any],
    effects: Sequence[ImagingEffect],
    exposure: Exposure,
    planes: Sequence[ImagePlane],
) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
    """The arrays of an image, and what its effects record."""
    lens = before_detector(effects, exposure)

    @cache
    def arriving(wave: Wave) -> tuple[Any, dict[str, float]]:
        return expose(spectra(wave), lens, exposure)

    arrived, values = arriving("full")
    image, more = expose(arrived, effects[len(lens) :], exposure)
    source = ImageSource(lambda wave: clean_intensity(arriving(wave)[0], exposure))
    arrays = {
        "counts": stored_counts(image, exposure),
        **{plane.name: plane.make(source) for plane in planes},
    }
    return arrays, values | more


def image_records(campaign: Campaign, condition: str) -> tuple[Variable, ...]:
    """What is recorded of every image beyond defocus and dose: what is drawn, and what effects record."""
    told = campaign.images(condition).records
    for effect in campaign.effects(condition):
        told |= effect.records
    if campaign.image_grid(condition).sampling_a is None:
        told[PIXEL] = ("Å", "pixel of the stored image")
    return tuple(Variable(name, units=unit, long_name=text) for name, (unit, text) in told.items())


def on_image(plane: NDArray[Any], stored_a: float, images: CheckedStore, row: int) -> NDArray[Any]:
    """A label plane on the pixels of a micrograph.

    Args:
        plane: (y, x), on the grid of the stored waves.
        stored_a: its pixel, Å.
        images: a store of micrographs.
        row: the image.
    """
    binning = ImageDistribution.of_recipe(images.info.recipe.settings).microscope.detector.binning
    grid = ImageGrid(images.array("counts").shape[-1], None, len(plane) * stored_a)
    return regridded(plane, stored_a, grid, sampling_a(images, row), binning)


def largest_image_bytes(campaign: Campaign) -> int:
    """Bytes of an image under the condition whose images are the largest."""
    return max(
        campaign.image_grid(c.key).side_px ** 2
        * np.dtype(campaign.microscope(c.key).detector.output).itemsize
        for c in campaign.conditions
    )


def pixel_record(grid: ImageGrid, exposure: Exposure) -> dict[str, float]:
    """The pixel of the stored image in Å, where every image has its own."""
    return {} if grid.sampling_a is not None else {PIXEL: exposure.pixel_a * exposure.detector.binning}


def counts_variable(detector: Detector, side_px: int) -> Variable:
    """The images of a detector in a schema.

    Args:
        detector: before anything is drawn.
        side_px: pixels along a side.
    """
    unit = counts_unit(detector)
    return Variable("counts", ("y", "x"), (side_px, side_px), detector.output, unit, f"{unit} per pixel")


def counts_unit(detector: Detector) -> str:
    """What a detector's numbers count: electrons, unless they are amplified or offset."""
    return "electrons" if (detector.gain, detector.offset) == (1.0, 0.0) else "counts"


def image_coordinates(grid: ImageGrid, crop_px: int | None = None) -> dict[str, Coordinate]:
    """Coordinates of images, from the corner of the cell in Å; in pixels, where every image has its own.

    Args:
        grid: pixels of the images.
        crop_px: side of their central square, if that is all that is stored.
    """
    n = crop_px or grid.side_px
    margin = (grid.side_px - n) // 2
    if grid.sampling_a is None:
        return pixel_coordinates(n, 1.0, margin, unit="px")
    coordinates = pixel_coordinates(n, grid.sampling_a, margin)
    start_a = grid.start_a(grid.sampling_a)
    if abs(start_a) < 1e-9 * grid.cell_a:
        return coordinates
    return {axis: replace(c, values=c.values + start_a) for axis, c in coordinates.items()}
