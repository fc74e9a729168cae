"""EMD as the National Center for Electron Microscopy defined it: HDF5 that ncempy, py4DSTEM and HyperSpy read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.export.formats.content import FileKind, PartitionFormat
from hrtem_assets.export.formats.source import Plane, Source

FILE = "images.emd"


class NcemEmd(PartitionFormat):
    """Counts and every label as stacks with calibrated axes, in one file that is EMD 0.2 and EMD 1.0."""

    name = "emd"
    asset = "training_sets"
    library = "ncempy"
    files = (
        FileKind(
            FILE,
            "application/x-hdf5",
            "HDF5 in the layout of EMD 0.2: `/data/counts`, `/data/mask` ... (image, y, x) with their axes; the same "
            "stacks in that of EMD 1.0 under `/images`, for py4DSTEM; the table in `/user/table`",
        ),
    )
    example = (
        "import ncempy.io.emd\n\n"
        f'with ncempy.io.emd.fileEMD("{FILE}") as file:\n'
        "    for group in file.list_emds:\n"
        "        data, axes = file.get_emdgroup(group)  # (image, y, x)\n"
    )

    def write_partition(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        import h5py

        with h5py.File(folder / FILE, "w") as file:
            # readers of 0.2 look at groups alone
            file.attrs.update(emd_group_type="file", version_major=1, version_minor=0)
            stacks = {
                plane.name: self._stack(file.create_group(f"data/{plane.name}"), source, plane)
                for plane in source.planes
            }
            _link_as_1_0(file)
            file.create_group("microscope").attrs["voltage"] = (
                float(source.info.attributes["beam_energy_kev"]) * 1e3
            )
            sample = file.create_group("sample")
            sample.attrs["name"] = f"{source.info.recipe.specimen} at {source.info.recipe.condition}"
            file.create_group("comments")
            table = file.create_group("user/table")
            for column in source.columns:
                text = column.values.dtype.kind == "U"
                values = table.create_dataset(
                    column.name, data=column.values.astype("S") if text else column.values
                )
                values.attrs["description"] = column.description
            for row in range(len(source)):
                for name, stack in stacks.items():
                    stack[row] = source.read(name, row)
                done()

    def _stack(self, group: Any, source: Source, plane: Plane) -> Any:
        """One group without its data: axes and an empty stack."""
        shape, sampling_a = source.shape(plane.name), source.sampling_a
        group.attrs["emd_group_type"] = 1
        data = group.create_dataset(
            "data", shape, plane.shown_dtype, chunks=(1, *shape[1:]), compression="gzip", shuffle=True
        )
        data.attrs.update(name=plane.name, units="" if plane.units == "1" else plane.units)
        scale, unit = (1.0, "[px]") if sampling_a is None else (float(sampling_a), "[Å]")
        axes = zip(("image", "y", "x"), shape, (0.0, *source.first_pixel_a), strict=True)
        for number, (axis, size, offset) in enumerate(axes, 1):
            step = scale if number > 1 else 1.0
            dim = group.create_dataset(f"dim{number}", data=offset + step * np.arange(size))
            dim.attrs.update(name=axis, units=unit if number > 1 else "[n_m]")
        return data


def _link_as_1_0(file: Any) -> None:
    """Show the stacks a second time, as EMD 1.0 arranges them: the same data under other names."""
    root = file.create_group("images")
    root.attrs.update(emd_group_type="root", python_class="Root")
    for name, stack in file["data"].items():
        array = root.create_group(name)
        array.attrs.update(emd_group_type="array", python_class="Array")
        array["data"] = stack["data"]
        for axis in range(stack["data"].ndim):
            array[f"dim{axis}"] = stack[f"dim{axis + 1}"]
