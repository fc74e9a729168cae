"""One HDF5 file in the layout of HyperSpy, which opens it as calibrated signals; any HDF5 reader will do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.export.formats.content import FileKind, PartitionFormat
from hrtem_assets.export.formats.source import Source

# the layout that HyperSpy 2 writes
LAYOUT_VERSION = "3.3"
FILE = "images.hspy"


class HyperspyHdf5(PartitionFormat):
    """Counts and every label as stacks, one image per compressed chunk."""

    name = "hdf5"
    asset = "training_sets"
    library = "HyperSpy"
    files = (
        FileKind(
            FILE,
            "application/x-hdf5",
            "HDF5; `/Experiments/{counts,mask,soft_label}/data` (image, y, x), further labels likewise; soft labels "
            "as 0 to 255, and the table in `/Experiments/counts/original_metadata/table`",
        ),
    )
    example = (
        "import hyperspy.api as hs\n\n"
        f'counts, mask, soft_label, *labels = hs.load("{FILE}", lazy=True)  # calibrated in Å\n'
        "counts.original_metadata.table.defocus_nm.compute()  # of every image\n"
    )

    def write_partition(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        import h5py

        with h5py.File(folder / FILE, "w") as file:
            file.attrs.update(file_format="HyperSpy", file_format_version=LAYOUT_VERSION)
            # readers go through it in the order of the planes, not of the alphabet
            file.create_group("Experiments", track_order=True)
            stacks = {
                plane.name: self._signal(
                    file.create_group(f"Experiments/{plane.name}"), source, plane.name, plane.shown_dtype
                )
                for plane in source.planes
            }
            for index in range(len(source)):
                for name, stack in stacks.items():
                    stack[index] = source.read(name, index)
                done()

    def _signal(self, group: Any, source: Source, name: str, dtype: np.dtype[Any]) -> Any:
        """One signal without its data: axes, metadata and an empty stack."""
        shape = source.shape(name)
        group.attrs.update(package="hyperspy", package_version="2.0")
        sampling_a = source.sampling_a
        axes = zip(("image", "y", "x"), shape, (0.0, *source.first_pixel_a), strict=True)
        for k, (axis, size, offset) in enumerate(axes):
            group.create_group(f"axis-{k}").attrs.update(
                _type="UniformDataAxis",
                name=axis,
                units=("px" if sampling_a is None else "Å") if k else "_None_",
                scale=float(sampling_a or 1.0) if k else 1.0,
                offset=offset,
                size=size,
                navigate=k == 0,
                is_binned=False,
            )
        title = f"{name} of {source.info.recipe.specimen} at {source.info.recipe.condition}"
        group.create_group("metadata/General").attrs["title"] = title
        group.create_group("metadata/Signal").attrs["signal_type"] = ""
        instrument = group.create_group("metadata/Acquisition_instrument/TEM")
        instrument.attrs["beam_energy"] = float(source.info.attributes["beam_energy_kev"])
        group.create_group("attributes").attrs.update(_lazy=False, ragged=False)
        table = group.create_group("original_metadata/table")
        for column in source.columns:
            # text of fixed length, and chunks: HyperSpy reads these alike eagerly and lazily
            typed = column.values.astype("S") if column.values.dtype.kind == "U" else column.values
            values = table.create_dataset(column.name, data=typed, chunks=typed.shape)
            values.attrs["description"] = column.description
        return group.create_dataset(
            "data", shape, dtype, chunks=(1, *shape[1:]), compression="gzip", shuffle=True
        )
