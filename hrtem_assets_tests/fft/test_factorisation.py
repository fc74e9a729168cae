import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.fft import plan
from hrtem_assets_tests.fft.sizes import fast_sizes

FAST = fast_sizes(2500)


@given(st.sampled_from(FAST))
def test_the_radices_of_a_plan_multiply_to_its_size_and_each_frequency_has_one_place(size):
    p = plan(size)
    assert np.prod(p.radices) == size
    assert sorted(p.frequencies) == list(range(size))
    assert len(p.starts) == len(p.radices)
    assert sorted(p.signed_frequencies) == list(range(-(size // 2), (size + 1) // 2))
    np.testing.assert_array_equal(p.signed_frequencies % size, p.frequencies)


@given(st.sampled_from(FAST))
def test_the_levels_after_the_first_stay_in_the_cache_where_a_radix_can_bring_that_about(size):
    p = plan(size)
    assert size // p.radices[0] <= 192 or p.radices[0] == max(p.radices)


@pytest.mark.parametrize(
    ("size", "near"), [(15, "16"), (0, "16"), (-4, "16"), (22, "21 or 24"), (1281, "1280 or 1296")]
)
def test_other_sizes_are_refused_with_the_nearest_that_will_do(size, near):
    with pytest.raises(
        ValueError, match=f"{size} points .* at least 16 and a product of 2, 3, 5 and 7; use {near}$"
    ):
        plan(size)
