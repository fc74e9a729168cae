"""What Prismatic's own interpreter runs: says what it holds, or simulates one configuration and reads its wave.

Executed as a file by that interpreter, so it imports nothing of this package, and only the standard library
where it can. `describe` prints one JSON object; `simulate` reads job.json in the working directory and writes
wave.npy beside it.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

# fields of `Metadata` that only versions with an HRTEM mode have
HRTEM_FIELDS = ("potential3D", "zSampling", "saveComplexOutputWave", "minXtilt")
WAVE_DATASET = "4DSTEM_simulation/data/realslices/HRTEM_fp0000/data"
JOB_FILE, WAVE_FILE = "job.json", "wave.npy"


def describe() -> dict[str, Any]:
    """What this interpreter holds.

    Returns:
        `kind`: "hrtem" (2.0), "stem" (older, without HRTEM), "other" (the unrelated `prismatic` alone), "absent",
        "incomplete" (a package that pyprismatic needs is missing: `missing`), or "broken"; `detail` in words.
    """
    if importlib.util.find_spec("pyprismatic") is None:
        other = importlib.util.find_spec("prismatic") is not None
        return {"kind": "other" if other else "absent", "detail": sys.version.split()[0]}
    try:
        import pyprismatic
        from pyprismatic.params import Metadata
    except ModuleNotFoundError as error:
        return {"kind": "incomplete", "missing": error.name, "detail": str(error)}
    except Exception as error:  # a library that does not load, syntax of another Python
        return {"kind": "broken", "detail": f"{type(error).__name__}: {error}"}
    fields = getattr(Metadata, "fields", ())
    kind = "hrtem" if all(name in fields for name in HRTEM_FIELDS) else "stem"
    return {"kind": kind, "detail": str(pyprismatic.__file__)}


def simulate() -> None:
    """Run the job in the working directory and save its wave, complex64 [x, y]."""
    import numpy
    import pyprismatic

    _end_with_parent()
    parameters = json.loads(Path(JOB_FILE).read_text())
    pyprismatic.Metadata(**parameters).go(display_run_time=False)
    numpy.save(WAVE_FILE, read_wave(parameters["filenameOutput"]))


def read_wave(path: str) -> Any:
    """The exit wave in an HDF5 file that Prismatic 2.0 wrote, complex64 [x, y]."""
    import h5py

    with h5py.File(path, "r") as file:
        if WAVE_DATASET not in file:
            raise KeyError(f"{path} holds no {WAVE_DATASET}: no HRTEM simulation was run")
        # one beam: the last axis counts tilts
        return file[WAVE_DATASET][:, :, 0]


def _end_with_parent() -> None:
    """On Linux, let the kernel end this process when the one that started it dies."""
    if sys.platform.startswith("linux"):
        import ctypes
        import signal

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, int(signal.SIGKILL))


if __name__ == "__main__":
    if sys.argv[1:] == ["describe"]:
        print(json.dumps(describe()))
    elif sys.argv[1:] == ["simulate"]:
        simulate()
    else:
        sys.exit("usage: bridge.py describe | simulate")
