"""Standardisation, and the eight symmetries of a square."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrtem_assets.training.images import DIHEDRAL_ELEMENTS, dihedral_view, standardise_into, turn_into

IMAGE = np.arange(12, dtype=np.uint16).reshape(3, 4)


def test_the_eight_elements_are_the_four_turns_with_and_without_a_mirror():
    ours = {dihedral_view(IMAGE, g).tobytes() for g in range(DIHEDRAL_ELEMENTS)}
    turns = {np.rot90(image, k).tobytes() for image in (IMAGE, IMAGE[:, ::-1]) for k in range(4)}
    assert len(ours) == 8
    assert ours == turns
    np.testing.assert_array_equal(dihedral_view(IMAGE, 0), IMAGE)


@pytest.mark.parametrize("element", [-1, 8])
def test_there_is_no_ninth_element(element):
    with pytest.raises(ValueError, match="must be from 0 to 7"):
        dihedral_view(IMAGE, element)


@given(arrays(np.uint16, st.sampled_from([(4, 6), (40, 40)])), st.integers(0, 7))
def test_standardising_and_turning_is_the_naive_formula(counts, element):
    mean, std = counts.mean(), counts.std()
    naive = dihedral_view(counts - mean, element) / (std or 1)
    found = np.full(naive.shape, np.nan, np.float32)
    standardise_into(found, counts, mean, std, element)
    np.testing.assert_allclose(found, naive, rtol=1e-5, atol=1e-4)


@given(arrays(np.uint8, st.sampled_from([(4, 6), (40, 40)])), st.integers(0, 7))
def test_labels_are_turned_as_the_view_says_and_scaled_where_they_become_floats(label, element):
    turned = dihedral_view(label, element)
    bits, soft = np.zeros(turned.shape, bool), np.zeros(turned.shape, np.float32)
    turn_into(bits, label > 99, element)
    np.testing.assert_array_equal(bits, turned > 99)
    turn_into(soft, label, element, 1 / 255)
    np.testing.assert_allclose(soft, turned / 255, rtol=1e-6)
