"""Training sets for PyTorch: several at once, fractions, symmetries, in an order that a seed decides."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from hrtem_assets.store import CheckedStore, StoreError, StorePath, StoreReader
from hrtem_assets.training.datasets import find_training_set, split_code
from hrtem_assets.training.images import DIHEDRAL_ELEMENTS, standardise_into, turn_into
from hrtem_assets.training.shards import ShardReader

Key = tuple[str, str]
Augmentation = Literal["none", "random", "all"]
IMAGE, COUNTS = "image", "counts"


class TorchDataset(Dataset[dict[str, Any]]):
    """Images of one or more training sets with their labels, as tensors.

    A sample is a dict: `image` float32 (1, y, x) with mean 0 and variance 1, `mask` bool (y, x), `soft_label`
    float32 (y, x) in 0 to 1, every other label that the training sets hold, `source` (place of its training set
    among the sources) and `structure` (its index).
    Order and augmentation follow from the seed and the epoch alone, however many workers load: give the
    `DataLoader` `shuffle=False` and call `set_epoch` before each epoch. `batches` gives the same samples in batches
    from threads of this process, which is faster: worker processes spend most of their time handing images over.

    Args:
        sources: `(specimen, condition)`; or several; or a mapping from each to the number of images wanted of it,
            such as `{("CdSe-medium", "df-10nm_400e"): 128, ("CdSe-medium", "df+00nm_400e"): 384}`.
        split: `train` or `validation`.
        images: images wanted of each source, the first of the split, so that 64 of them are among the 128; all by
            default. Structures are drawn independently: the first are a fair sample.
        augment: `random` shows every image once an epoch under a random element of the square's eight symmetries,
            `all` under all eight, `none` as it is; by default `random` for training and `none` for validation.
        shuffle: whether each epoch has its own order; by default for training only.
        seed: decides order and augmentation.
        fields: which of `image`, `mask`, `soft_label` and other labels are wanted, all that every training set holds
            by default; others cost nothing. Labels with a scale are float32, classes and ids int64.
        root: folder of everything written; by default `HRTEM_DATA`, or `data` in the working directory.
        assets: folder or URL of the stores, as in `open_dataset`.
        verify: whether records are held against the stores' seals now, and the file of each shard of 16 images against
            its digest when this process first reads of it.

    Raises:
        DamagedError: if a training set is not what was written, now or when a damaged shard is read; names the repair.
        StoreError: if a training set has not been made; names the command that makes it.
        ValueError: if more images are wanted than a training set holds, the images differ in size, or an
            argument is out of range.
    """

    def __init__(
        self,
        sources: Key | Sequence[Key] | Mapping[Key, int],
        split: str = "train",
        *,
        images: int | None = None,
        augment: Augmentation | None = None,
        shuffle: bool | None = None,
        seed: int = 0,
        fields: Sequence[str] | None = None,
        root: str | Path | None = None,
        assets: str | Path | None = None,
        verify: bool = True,
    ) -> None:
        training = split == "train"
        self.augment: Augmentation = augment or ("random" if training else "none")
        self.shuffle = training if shuffle is None else shuffle
        self.seed = seed
        _check_choice("augment", self.augment, ("none", "random", "all"))
        wanted = _wanted(sources, images)
        self.sources = tuple(wanted)
        infos = {key: find_training_set(*key, root, assets, verify) for key in wanted}
        held = [[IMAGE, *(name for name in i.attributes["arrays"] if name != COUNTS)] for i in infos.values()]
        common = tuple(name for name in held[0] if all(name in names for names in held))
        self.fields = common if fields is None else tuple(fields)
        if not self.fields:
            raise ValueError(f"fields is empty; name at least one of {', '.join(common)}")
        for field in self.fields:
            _check_choice("fields", field, common)
        self._sets = [
            _TrainingSet(infos[key].path, key, split, number, self.fields, verify)
            for key, number in wanted.items()
        ]
        shapes = {s.shape for s in self._sets}
        self.shape = self._sets[0].shape
        if len(shapes) > 1:
            raise ValueError(
                f"the training sets' images differ in size: {sorted(shapes)}; choose those of one size"
            )
        self._rows = [(s, int(row)) for s, training_set in enumerate(self._sets) for row in training_set.rows]
        # shared, so that workers that outlive an epoch see the next one
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._plan: tuple[int, NDArray[np.int64], NDArray[np.int64]] | None = None

    def set_epoch(self, epoch: int) -> None:
        """Choose the order and augmentation of an epoch.

        Args:
            epoch: any number from 0.
        """
        if epoch < 0:
            raise ValueError(f"epoch = {epoch} must be at least 0")
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        """Samples per epoch."""
        return len(self._rows) * (DIHEDRAL_ELEMENTS if self.augment == "all" else 1)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """The sample at a place of the epoch's order."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        order, elements = self._planned()
        source, row = self._rows[order[index]]
        sample = self._empty()
        self._sets[source].read(row, int(elements[index]), sample)
        return sample | {"source": source, "structure": row}

    def batches(
        self, batch_size: int = 16, *, threads: int = 2, ahead: int = 2, drop_last: bool = False
    ) -> Iterator[dict[str, torch.Tensor]]:
        """The epoch's samples in batches, which threads fill ahead of their use.

        Args:
            batch_size: samples per batch.
            threads: that read, decode and standardise.
            ahead: batches in preparation while one is used.
            drop_last: leave out the last batch if it is not full.
        """
        for name, value in (("batch_size", batch_size), ("threads", threads), ("ahead", ahead)):
            if value < 1:
                raise ValueError(f"{name} = {value} must be at least 1")
        plan = self._planned()
        end = len(self) // batch_size * batch_size if drop_last else len(self)
        pool = ThreadPoolExecutor(threads, thread_name_prefix="hrtem-batches")
        pending: deque[tuple[dict[str, torch.Tensor], list[Future[None]]]] = deque()
        try:
            for first in range(0, end, batch_size):
                pending.append(self._begin(range(first, min(first + batch_size, end)), plan, pool))
                if len(pending) > ahead:
                    yield _finished(*pending.popleft())
            while pending:
                yield _finished(*pending.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _begin(
        self, positions: range, plan: tuple[NDArray[np.int64], NDArray[np.int64]], pool: ThreadPoolExecutor
    ) -> tuple[dict[str, torch.Tensor], list[Future[None]]]:
        """A batch, and what is still at work on it."""
        order, elements = plan
        rows = [self._rows[order[position]] for position in positions]
        batch = self._empty(len(rows))
        reads = [
            pool.submit(
                self._sets[source].read,
                row,
                int(elements[position]),
                {field: batch[field][k] for field in self.fields},
            )
            for k, (position, (source, row)) in enumerate(zip(positions, rows, strict=True))
        ]
        batch["source"], batch["structure"] = torch.tensor(rows, dtype=torch.int64).T
        return batch, reads

    def _empty(self, *samples: int) -> dict[str, torch.Tensor]:
        """Tensors for one sample, or for a batch of so many."""
        shapes = {IMAGE: (1, *self.shape)}
        return {
            field: torch.empty((*samples, *shapes.get(field, self.shape)), dtype=self._sets[0].dtype(field))
            for field in self.fields
        }

    def _planned(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which image, and which element of the symmetry group, at each place of the epoch."""
        epoch = int(self._epoch)
        if self._plan is None or self._plan[0] != epoch:
            rng = np.random.default_rng([self.seed, epoch])
            positions = rng.permutation(len(self)) if self.shuffle else np.arange(len(self))
            if self.augment == "all":
                order, elements = np.divmod(positions, DIHEDRAL_ELEMENTS)
            else:
                order, elements = positions, np.zeros(len(self), np.int64)
            if self.augment == "random":
                elements = rng.integers(DIHEDRAL_ELEMENTS, size=len(self))
            self._plan = (epoch, order, elements)
        return self._plan[1:]


class _TrainingSet:
    """The chosen images of one store: no open files, small arrays only."""

    def __init__(
        self, path: StorePath, key: Key, split: str, number: int | None, fields: tuple[str, ...], verify: bool
    ) -> None:
        store = CheckedStore(path, once=True) if verify else StoreReader(path)
        column = partial(_column, store)
        rows = np.flatnonzero(column("split") == split_code(split))
        if number is not None and not 1 <= number <= len(rows):
            raise ValueError(
                f"{number} {split} images of {' at '.join(key)} are wanted; it holds {len(rows)}: "
                f"ask for 1 to {len(rows)}, or make more structures of {key[0]}"
            )
        self.rows = rows[:number]
        self._mean, self._std = column("mean"), column("std")
        self._readers = {field: ShardReader(store, COUNTS if field == IMAGE else field) for field in fields}

    @property
    def shape(self) -> tuple[int, ...]:
        """Size of the images."""
        return next(iter(self._readers.values())).shape

    def dtype(self, field: str) -> torch.dtype:
        """Type of a field's tensors."""
        reader = self._readers[field]
        if field == IMAGE or reader.scale_factor is not None or reader.dtype.kind == "f":
            return torch.float32
        return torch.bool if reader.dtype.kind == "b" else torch.int64

    def read(self, row: int, element: int, into: Mapping[str, torch.Tensor]) -> None:
        """Fill tensors with image and labels of a row under an element of the square's symmetry group."""
        for field, reader in self._readers.items():
            values, out = reader.row(row), into[field].numpy()
            if field == IMAGE:
                standardise_into(out[0], values, float(self._mean[row]), float(self._std[row]), element)
            else:
                turn_into(out, values, element, 1.0 if reader.scale_factor is None else reader.scale_factor)


def _finished(batch: dict[str, torch.Tensor], reads: list[Future[None]]) -> dict[str, torch.Tensor]:
    for read in reads:
        read.result()
    return batch


def _wanted(sources: Key | Sequence[Key] | Mapping[Key, int], images: int | None) -> dict[Key, int | None]:
    if isinstance(sources, Mapping):
        if images is not None:
            raise ValueError(f"images = {images} and numbers for each source exclude each other; give one")
        wanted: dict[Key, int | None] = dict(sources)
    elif sources and isinstance(sources[0], str):
        wanted = {(str(sources[0]), str(sources[1])): images}
    else:
        wanted = {(str(key[0]), str(key[1])): images for key in sources}
    if not wanted:
        raise ValueError("sources is empty; name at least one (specimen, condition)")
    return wanted


def _column(store: StoreReader, name: str) -> NDArray[Any]:
    try:
        return store.column(name)
    except FileNotFoundError as error:
        raise StoreError(
            f"{store.path} lacks {name!r}; delete it and materialize the partition again"
        ) from error


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{name}: {value!r} is not one of {', '.join(map(repr, known))}")
