"""Everything between exit wave and stored image, together."""

from hrtem_assets.imaging.detector import Detector
from hrtem_assets.imaging.distributions import Drawable
from hrtem_assets.imaging.frame import Frame
from hrtem_assets.imaging.optics import Optics
from hrtem_assets.imaging.stage import Stage


class Microscope(Drawable):
    """The instrument that an image is taken with; some of its numbers may be drawn for every image."""

    optics: Optics = Optics()
    stage: Stage = Stage()
    detector: Detector = Detector()
    frame: Frame = Frame()
