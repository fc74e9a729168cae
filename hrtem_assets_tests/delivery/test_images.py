"""Standardisation, and the eight symmetries of a square."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrtem_assets.delivery.images import DIHEDRAL_ELEMENTS, dihedral_view, standardised

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


@given(arrays(np.uint16, (4, 6)), st.integers(0, 7))
def test_standardising_and_turning_is_the_naive_formula(counts, element):
    mean, std = counts.mean(), counts.std()
    found = standardised(counts, mean, std, element)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    naive = dihedral_view(counts - mean, element) / (std or 1)
    np.testing.assert_allclose(found, naive, rtol=1e-5, atol=1e-4)
