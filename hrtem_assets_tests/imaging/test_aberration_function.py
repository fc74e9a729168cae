"""The aberration function against its polar formula, abTEM and numerical derivatives."""

import abtem
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.imaging.aberration_function import AberrationFunction
from hrtem_assets.imaging.effect import frequencies
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.optics import Aberrations

WAVELENGTH_A = wavelength_a(300.0)
KY, KX = frequencies((48, 60), 0.3)
UNIT_A = {"nm": 10.0, "um": 1e4, "mm": 1e7}
COEFFICIENTS = [name for name in Aberrations.model_fields if name.startswith("c")]
# each turns the phase by some turns at 1.6 /Å
SIZES = {1: 8.0, 2: 250.0, 3: 20.0, 4: 300.0, 5: 8.0}


def size_of(name):
    """A coefficient that matters, in its own unit."""
    return {"nm": 40.0 if name[1] == "1" else 900.0, "um": 15.0 if name[1] == "3" else 400.0, "mm": 8.0}[
        name.rpartition("_")[2]
    ]


def azimuth_field(name):
    return f"phi{name[1:3]}_rad"


def some(names, azimuth=0.7):
    settings = {name: size_of(name) for name in names}
    return Aberrations(**settings | {azimuth_field(n): azimuth for n in names if n[2] != "0"})


def polar_chi(aberrations, defocus_a=0.0):
    """The formula, term by term."""
    alpha, phi = WAVELENGTH_A * np.hypot(KY, KX), np.arctan2(KY, KX)
    path = -(alpha**2) / 2 * defocus_a
    for name in COEFFICIENTS:
        n, m = int(name[1]), int(name[2])
        c_a = getattr(aberrations, name) * UNIT_A[name.rpartition("_")[2]]
        path = path + c_a * alpha ** (n + 1) / (n + 1) * np.cos(
            m * (phi - getattr(aberrations, azimuth_field(name), 0.0))
        )
    return 2 * np.pi / WAVELENGTH_A * path


def test_every_coefficient_to_fifth_order_is_there():
    names = {name.upper().partition("_")[0] for name in COEFFICIENTS}
    assert names == {
        "C12",
        "C21",
        "C23",
        "C30",
        "C32",
        "C34",
        "C41",
        "C43",
        "C45",
        "C50",
        "C52",
        "C54",
        "C56",
    }


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_each_coefficient_alone_is_that_of_abtem(name):
    aberrations = some([name])
    names = {name.upper().partition("_")[0]: size_of(name) * UNIT_A[name.rpartition("_")[2]]}
    if name[2] != "0":
        names[f"phi{name[1:3]}"] = 0.7
    ours = np.exp(-1j * AberrationFunction.of(aberrations, WAVELENGTH_A, 90.0)(KY, KX))
    np.testing.assert_allclose(ours, abtems(names), atol=1e-6)
    assert np.ptp(polar_chi(aberrations)) > 1


def test_all_coefficients_together_are_those_of_abtem():
    aberrations = some(COEFFICIENTS, azimuth=-1.1)
    names = {n.upper().partition("_")[0]: size_of(n) * UNIT_A[n.rpartition("_")[2]] for n in COEFFICIENTS}
    names |= {f"phi{n[1:3]}": -1.1 for n in COEFFICIENTS if n[2] != "0"}
    ours = np.exp(-1j * AberrationFunction.of(aberrations, WAVELENGTH_A, 90.0)(KY, KX))
    np.testing.assert_allclose(ours, abtems(names), atol=1e-6)


def abtems(coefficients):
    """abTEM's factor by spatial frequency, (ky, kx), in double precision."""
    with abtem.config.set({"precision": "float64"}):
        ctf = abtem.CTF(energy=300e3, defocus=90.0, aberration_coefficients=coefficients)
        alpha, phi = WAVELENGTH_A * np.hypot(KY, KX), np.arctan2(KY, KX)
        return np.asarray(ctf._evaluate_from_angular_grid(alpha, phi))


@given(
    st.fixed_dictionaries(
        {n: st.floats(0, 1) for n in COEFFICIENTS}
        | {azimuth_field(n): st.floats(-7, 7) for n in COEFFICIENTS if n[2] != "0"}
    ),
    st.floats(-500, 500),
)
def test_the_polynomial_is_the_polar_formula(values, defocus_a):
    scaled = {n: v * size_of(n) if n.startswith("c") else v for n, v in values.items()}
    aberrations = Aberrations(**scaled)
    ours = AberrationFunction.of(aberrations, WAVELENGTH_A, defocus_a)(KY, KX)
    expected = polar_chi(aberrations, defocus_a)
    np.testing.assert_allclose(ours, expected, atol=1e-9 * max(1.0, np.abs(expected).max()))


def test_the_gradient_is_the_derivative():
    function = AberrationFunction.of(some(COEFFICIENTS), WAVELENGTH_A, 90.0)
    along_y, along_x = (part(KY, KX) for part in function.gradient)
    step = 1e-4
    np.testing.assert_allclose(
        along_y, (function(KY + step, KX) - function(KY - step, KX)) / (2 * step), rtol=1e-5, atol=1e-3
    )
    np.testing.assert_allclose(
        along_x, (function(KY, KX + step) - function(KY, KX - step)) / (2 * step), rtol=1e-5, atol=1e-3
    )


def test_a_tilted_beam_sees_the_function_about_its_own_frequency_without_a_shift_of_the_image():
    function = AberrationFunction.of(some(COEFFICIENTS), WAVELENGTH_A, 90.0)
    t = (0.03, -0.05)
    at = [np.array([[v]]) for v in t]
    gradient = [part(*at)[0, 0] for part in function.gradient]
    expected = function(KY + t[0], KX + t[1]) - function(*at) - KY * gradient[0] - KX * gradient[1]
    np.testing.assert_allclose(function.tilted(t)(KY, KX), expected, atol=1e-7)


def test_a_tilt_turns_spherical_aberration_into_coma_astigmatism_and_defocus():
    # F. Zemlin et al. (1978): A1 = C3 tau^2, defocus 2 C3 tau^2, coma 3 C3 tau in the C21 of abTEM
    cs_um, tau = 15.0, 3e-3
    tilted = AberrationFunction.of(Aberrations(c30_um=cs_um), WAVELENGTH_A).tilted((0.0, tau / WAVELENGTH_A))
    cs_a = cs_um * 1e4
    same = Aberrations(
        c30_um=cs_um, c21_nm=3 * cs_a * tau / 10, c12_nm=cs_a * tau**2 / 10, phi12_rad=0.0, phi21_rad=0.0
    )
    expected = AberrationFunction.of(same, WAVELENGTH_A, -2 * cs_a * tau**2)
    np.testing.assert_allclose(tilted(KY, KX), expected(KY, KX), atol=1e-8)
