"""Export formats, by the name that commands and assets use."""

from hrtem_assets.export.formats.coco import Coco
from hrtem_assets.export.formats.content import ExportFormat
from hrtem_assets.export.formats.extended_xyz import ExtendedXyz
from hrtem_assets.export.formats.huggingface import HuggingFace
from hrtem_assets.export.formats.hyperspy_hdf5 import HyperspyHdf5
from hrtem_assets.export.formats.imagej_tiff import ImagejTiff
from hrtem_assets.export.formats.mrc import Mrc
from hrtem_assets.export.formats.ncem_emd import NcemEmd
from hrtem_assets.export.formats.npy_folder import NpyFolder
from hrtem_assets.export.formats.webdataset_shards import WebdatasetShards

FORMATS: dict[str, ExportFormat] = {
    form.name: form
    for form in (
        HyperspyHdf5(),
        WebdatasetShards(),
        HuggingFace(),
        Coco(),
        ImagejTiff(),
        NcemEmd(),
        Mrc(),
        NpyFolder(),
        ExtendedXyz(),
    )
}

__all__ = ["FORMATS", "ExportFormat"]
