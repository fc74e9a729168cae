"""The detector, as a campaign sets it: transfer of signal and noise, electronics, faults, and what it writes."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from hrtem_assets.base.files import FileError, find_file, shown
from hrtem_assets.base.model import Real, quantity
from hrtem_assets.imaging.cameras import CAMERAS, CameraName
from hrtem_assets.imaging.distributions import Drawable, Drawn, drawn

Output = Literal["uint8", "uint16", "uint32", "float32"]
MOST_ROWS = 10_000


class Transfer(Drawable):
    """A factor by spatial frequency q in units of the unbinned detector's Nyquist frequency; in two dimensions q is the
    length. (c1 - c2) / (1 + (q / (2 c3))^|c4|) + c2, by its value at q = 0, so that this is 1; or a measured table.
    """

    c1: Drawn = drawn(1.0, "1", "level at zero frequency", gt=0.0, le=10.0)
    c2: Drawn = drawn(0.0, "1", "level that it falls to", ge=0.0, le=10.0)
    c3: Drawn = drawn(0.5, "1", "half the frequency of the middle of its fall", gt=0.0, le=100.0)
    c4: Drawn = drawn(2.0, "1", "steepness of the fall, whose sign does not matter", ge=-100.0, le=100.0)
    file: str | None = Field(
        None,
        description="measured table in place of the four numbers: two columns, separated by commas or spaces: "
        "frequency by Nyquist, ascending from 0, and the value there",
    )
    table: tuple[tuple[Real, Real], ...] | None = Field(
        None, max_length=MOST_ROWS, description="the same written out, as rows of frequency and value"
    )

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or data.get("file") is None:
            return data
        numbers = [name for name in ("c1", "c2", "c3", "c4") if name in data]
        if numbers or data.get("table") is not None:
            raise ValueError(f"file: give it alone, without {', '.join(numbers) or 'table'}")
        # its rows decide the numbers, wherever the file is later
        return {"table": _table(str(data["file"]))}

    @field_validator("table", mode="after")
    @classmethod
    def _usable(cls, table: tuple[tuple[float, float], ...] | None) -> Any:
        if table is None:
            return None
        frequencies, values = zip(*table, strict=True) if table else ((), ())
        if len(table) < 2 or frequencies[0] != 0 or sorted(set(frequencies)) != list(frequencies):
            raise ValueError(
                "a table needs two rows or more whose frequencies, by Nyquist, ascend from 0 without repeats"
            )
        if frequencies[-1] < 1:
            raise ValueError(f"the table ends at {frequencies[-1]:g} of Nyquist; it must reach 1 at least")
        if values[0] <= 0 or min(values) < 0:
            raise ValueError("the values of a table must be 0 or more, and above 0 at frequency 0")
        return table


class Detector(Drawable):
    """An ideal counter of electrons, unless something is set here. Noise is filtered by the noise transfer function,
    signal by the modulation transfer function; DQE(q) = DQE(0) (MTF / NTF)^2.
    """

    camera: CameraName = Field(
        "ideal", description="preset of everything that is not set beside it; ideal: counts every electron"
    )
    mtf: Transfer | None = Field(None, description="modulation transfer function; none: 1 throughout")
    ntf: Transfer | None = Field(
        None, description="noise transfer function; by default as the MTF and the DQE ask"
    )
    dqe_zero: Drawn = drawn(1.0, "1", "detective quantum efficiency at zero frequency", gt=0.0, le=1.0)
    dqe_half_nyquist: Drawn | None = drawn(
        None,
        "1",
        "detective quantum efficiency at half Nyquist: noise is then blurred less than the signal, NTF = MTF^p; "
        "without it noise is blurred like the signal; not beside ntf",
        gt=0.0,
        le=1.0,
    )
    frames: int | None = quantity(
        None,
        "1",
        "counting mode: frames of an exposure, in each of which a pixel counts one electron at most; none: no loss",
        ge=1,
        le=1_000_000,
    )
    x_rays_per_mpx: Drawn = drawn(0.0, "1", "X-ray spikes per million pixels", ge=0.0, le=1e6)
    x_ray_e: Drawn = drawn(100.0, "e", "mean height of a spike, exponentially distributed", gt=0.0, le=1e6)
    dark_e: Drawn = drawn(0.0, "e", "mean dark current of a pixel over the exposure", ge=0.0, le=1e6)
    binning: int = quantity(1, "1", "pixels along a side that are added into one", ge=1, le=16)
    readout_e: Drawn = drawn(
        0.0, "e", "standard deviation of the readout noise, after binning", ge=0.0, le=1e5
    )
    gain: Drawn = drawn(1.0, "1", "counts per electron", gt=0.0, le=1e6)
    gain_error: Drawn = drawn(
        0.0, "1", "relative standard deviation over the pixels of the gain reference's error", ge=0.0, le=0.5
    )
    dead_pixels_per_mpx: Drawn = drawn(
        0.0, "1", "pixels per million that read the offset only", ge=0.0, le=1e5
    )
    serial: int = quantity(
        0, "1", "which specimen of the detector: decides its gain error and its dead pixels", ge=0, le=2**31
    )
    offset: Drawn = drawn(0.0, "1", "counts of a pixel without signal", ge=0.0, le=1e6)
    saturation: float | None = quantity(
        None,
        "1",
        "counts at which a pixel saturates; none: more than `output` holds is an error",
        gt=0.0,
        le=1e12,
    )
    output: Output = Field("uint16", description="type of the stored counts; whole numbers are rounded")

    @model_validator(mode="before")
    @classmethod
    def _of_camera(cls, data: Any) -> Any:
        camera = str(data.get("camera")) if isinstance(data, Mapping) else ""
        return {**CAMERAS[camera], **data} if camera in CAMERAS else data

    def check(self) -> None:
        """Refuse settings that contradict each other.

        Raises:
            ValueError: names the setting and the repair.
        """
        if self.ntf is not None and self.dqe_half_nyquist is not None:
            raise ValueError("ntf and dqe_half_nyquist both say how noise is filtered; remove one")
        most = MOST_OF_OUTPUT[self.output]
        if self.saturation is not None and self.saturation > most:
            raise ValueError(
                f"saturation = {self.saturation:g} is more than output {self.output} holds ({most:g}); lower it"
            )


MOST_OF_OUTPUT: dict[str, float] = {
    "uint8": 2.0**8 - 1,
    "uint16": 2.0**16 - 1,
    "uint32": 2.0**32 - 1,
    "float32": 3.4e38,
}


def pattern(serial: int, name: str) -> np.random.Generator:
    """Random numbers of a detector itself: the same for every image that is taken with it.

    Args:
        serial: which specimen of the detector.
        name: what they decide.
    """
    return np.random.default_rng(np.random.SeedSequence(serial, spawn_key=tuple(name.encode())))


def _table(name: str) -> list[list[float]]:
    try:
        path = find_file(Path(name))
    except FileError as error:
        raise ValueError(f"file: {error}") from None
    if path is None:
        raise ValueError(f"file: no file {shown(name)}; correct its path")
    rows: list[list[float]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        text = line.split("#")[0].replace(",", " ").replace(";", " ").strip()
        if not text:
            continue
        try:
            row = [float(part) for part in text.split()]
        except ValueError:
            if rows:
                raise ValueError(f"file: line {number} of {shown(name)} is not two numbers") from None
            # a header
            continue
        if len(row) != 2 or not all(map(math.isfinite, row)):
            raise ValueError(f"file: line {number} of {shown(name)} is not two numbers")
        rows.append(row)
        if len(rows) > MOST_ROWS:
            raise ValueError(f"file: {shown(name)} has more than {MOST_ROWS:,} rows; thin it out")
    return rows
