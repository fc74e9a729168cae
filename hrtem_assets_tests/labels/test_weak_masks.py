"""Masks that miss their particles are told apart from crops that hold none."""

import numpy as np

from hrtem_assets.labels.weak_masks import weak_masks


def test_empty_and_nearly_empty_masks_are_named_with_their_number():
    iou, fraction = np.array([0.9, 0.0, 0.05, 0.8]), np.array([0.2, 0.0, 0.001, 0.1])
    (words,) = weak_masks(iou, fraction, np.array([0, 1, 2, 5]))
    assert "2 of 4 masks miss their particles (structures 1, 2; 1 of them hold no pixel)" in words
    assert "lower labels.phase_threshold_rad" in words


def test_a_crop_beside_all_particles_is_not_a_weak_mask():
    (words,) = weak_masks(np.array([0.9, 0.95]), np.array([0.2, 0.0]), np.array([3, 7]))
    assert words == "1 of 2 masks hold no particle, which lies outside the crop (structure 7)"


def test_long_lists_are_cut():
    (words,) = weak_masks(np.zeros(9), np.zeros(9), np.arange(9))
    assert "9 of 9 masks miss" in words
    assert "structures 0, 1, 2, 3, 4 and 4 more" in words


def test_masks_that_cover_their_particles_and_no_masks_at_all_say_nothing():
    assert weak_masks(np.full(3, 0.9), np.full(3, 0.1), np.arange(3)) == []
    assert weak_masks(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)) == []
