import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.backend.memory import DeviceMemoryError, how_many_fit, share_bytes

GB = 10**9


def test_all_processes_together_stay_within_the_fraction(monkeypatch):
    monkeypatch.delenv("HRTEM_GPU_MEMORY_FRACTION", raising=False)
    assert share_bytes(140 * GB, 1) == 112 * GB
    assert share_bytes(140 * GB, 4) == 28 * GB
    monkeypatch.setenv("HRTEM_GPU_MEMORY_FRACTION", "0.5")
    assert share_bytes(140 * GB, 1) == 70 * GB


@pytest.mark.parametrize("text", ["0", "1.5", "-1", "half", "nan"])
def test_a_fraction_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("HRTEM_GPU_MEMORY_FRACTION", text)
    with pytest.raises(ValueError, match=r"HRTEM_GPU_MEMORY_FRACTION = .*above 0 and up to 1"):
        share_bytes(GB, 1)


def test_no_processes_are_refused():
    with pytest.raises(ValueError, match="processes = 0 must be at least 1"):
        share_bytes(GB, 0)


@given(st.integers(1, 10**10), st.integers(0, 10**9), st.integers(0, 10**12))
def test_as_many_fit_as_the_memory_holds_and_not_one_more(each, once, free):
    try:
        count = how_many_fit(each, once, free, "it", "shrink it")
    except DeviceMemoryError:
        assert once + each > free
    else:
        assert count >= 1
        assert once + count * each <= free < once + (count + 1) * each


def test_what_does_not_fit_is_refused_with_both_numbers_and_the_repairs(monkeypatch):
    monkeypatch.delenv("HRTEM_GPU_MEMORY_FRACTION", raising=False)
    with pytest.raises(
        DeviceMemoryError,
        match=r"a wave needs 4\.50 GB of device memory, and this process may take 2\.00 GB more: make it smaller, use "
        r"fewer worker processes, raise HRTEM_GPU_MEMORY_FRACTION \(now 0\.8\), or set device to cpu",
    ):
        how_many_fit(4 * GB, GB // 2, 2 * GB, "a wave", "make it smaller")
