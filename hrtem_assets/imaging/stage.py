"""What moves while an image is exposed, as a campaign sets it."""

from hrtem_assets.imaging.distributions import Drawable, Drawn, drawn


class Stage(Drawable):
    """Movement of the specimen against the detector during one exposure."""

    vibration_a: Drawn = drawn(
        0.0, "Å", "standard deviation of a Gaussian vibration, along its major axis", ge=0.0, le=20.0
    )
    vibration_minor_a: Drawn | None = drawn(
        None, "Å", "the same along the minor axis; as along the major one by default", ge=0.0, le=20.0
    )
    vibration_azimuth_rad: Drawn = drawn(0.0, "rad", "direction of the major axis", azimuth_of="vibration_a")
    drift_a: Drawn = drawn(0.0, "Å", "way of a steady drift over the exposure", ge=0.0, le=100.0)
    drift_azimuth_rad: Drawn = drawn(0.0, "rad", "direction of the drift", azimuth_of="drift_a")
