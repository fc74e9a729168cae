"""Labels of synthetic phases, and overlaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrtem_assets.labels.phase_label import overlap, phase_label

THRESHOLD_RAD = np.pi / 16


THRESHOLD_RAD = np.pi / 16


def disk_wave(phase_rad, center=(40, 50), radius_px=12, n=96):
    y, x = np.mgrid[:n, :n]
    inside = (y - center[0]) ** 2 + (x - center[1]) ** 2 <= radius_px**2
    return np.exp(1j * phase_rad * inside).astype(np.complex64)[None], inside


def test_empty_space_has_an_empty_label():
    label = phase_label(np.ones((3, 32, 32), np.complex64), 0.2, THRESHOLD_RAD, 1.6, 0.1)
    assert not label.mask.any()
    assert not label.soft.any()


@pytest.mark.parametrize(
    ("phase_rad", "is_particle"), [(0.19, False), (0.20, True), (-0.20, True), (6.0, True)]
)
def test_the_threshold_is_pi_over_16_of_the_absolute_phase(phase_rad, is_particle):
    waves, inside = disk_wave(phase_rad)
    label = phase_label(waves, 0.2, THRESHOLD_RAD, 0.0, 0.1)
    np.testing.assert_array_equal(label.mask, inside & is_particle)


def test_the_blur_is_the_lattices_gaussian_in_angstrom():
    waves = np.ones((1, 64, 64), np.complex64)
    waves[0, 30, 20] = np.exp(1j)
    soft = phase_label(waves, 0.2, THRESHOLD_RAD, 1.0, 0.1).soft
    sigma_px = 5.0
    y, x = np.arange(64) - 30, np.arange(64) - 20
    gauss = np.exp(-(y[:, None] ** 2 + x[None] ** 2) / (2 * sigma_px**2)) / (2 * np.pi * sigma_px**2)
    np.testing.assert_allclose(soft[10:50, 5:40], gauss[10:50, 5:40], atol=2e-5)


def test_a_particle_cut_by_the_frame_does_not_reach_the_opposite_edge():
    waves, _ = disk_wave(1.0, center=(0, 50))
    mask = phase_label(waves, 0.2, THRESHOLD_RAD, 1.6, 0.1).mask
    assert mask[0, 38:63].all()
    assert not mask[48:].any()


def test_the_mask_is_the_soft_label_at_the_cut_off():
    waves, _ = disk_wave(1.0)
    for cutoff in (0.1, 0.5):
        label = phase_label(waves, 0.2, THRESHOLD_RAD, 1.6, cutoff)
        np.testing.assert_array_equal(label.mask, label.soft >= cutoff)


def test_waves_are_averaged_over_phonons_before_the_phase_is_taken():
    waves = np.stack([np.full((8, 8), np.exp(1j * p), np.complex64) for p in (0.0, 0.38)])
    assert not phase_label(waves, 0.2, THRESHOLD_RAD, 0.0, 0.1).mask.any()
    assert phase_label(waves[1:], 0.2, THRESHOLD_RAD, 0.0, 0.1).mask.all()


masks = arrays(bool, (6, 7))


@given(masks, masks)
def test_overlap_is_symmetric_between_zero_and_one_and_one_only_for_equal_masks(a, b):
    assert overlap(a, b) == overlap(b, a)
    assert 0 <= overlap(a, b) <= 1
    assert (overlap(a, b) == 1) == (a == b).all()


@given(st.integers(1, 9))
def test_overlap_of_nested_rows_is_their_ratio(rows):
    inner, outer = np.zeros((10, 4), bool), np.ones((10, 4), bool)
    inner[:rows] = True
    assert overlap(inner, outer) == pytest.approx(rows / 10)
