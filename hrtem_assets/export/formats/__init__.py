"""Export formats, by the name that commands and assets use."""

from hrtem_assets.export.formats.content import ExportFormat
from hrtem_assets.export.formats.extended_xyz import ExtendedXyz
from hrtem_assets.export.formats.hyperspy_hdf5 import HyperspyHdf5
from hrtem_assets.export.formats.imagej_tiff import ImagejTiff
from hrtem_assets.export.formats.webdataset_shards import WebdatasetShards

FORMATS: dict[str, ExportFormat] = {
    form.name: form for form in (HyperspyHdf5(), WebdatasetShards(), ImagejTiff(), ExtendedXyz())
}

__all__ = ["FORMATS", "ExportFormat"]
