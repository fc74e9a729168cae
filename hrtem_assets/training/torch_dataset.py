"""Training sets for PyTorch: several at once, fractions, symmetries, in an order that a seed decides."""

import math
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, get_worker_info
from torch.utils.data._utils.collate import default_collate_fn_map

from hrtem_assets.assets.asset import PIXEL
from hrtem_assets.imaging.draws import ImageDistribution
from hrtem_assets.labels.class_names import CLASSES, common_classes, common_numbers
from hrtem_assets.labels.tables.columns import VALUES
from hrtem_assets.store import CheckedStore, StoreError, StoreInfo, StorePath, StoreReader
from hrtem_assets.training.datasets import find_training_set, split_code
from hrtem_assets.training.images import DIHEDRAL_ELEMENTS, standardise_into, turn_into
from hrtem_assets.training.shards import ShardReader
from hrtem_assets.training.transforms import SEEN, Sample, seen_points, transformed

Key = tuple[str, str]
Augmentation = Literal["none", "random", "all"]
IMAGE, COUNTS, BOXES, POINTS = "image", "counts", "boxes", "points"
_ATOMS, _NUMBER = VALUES.index("atoms"), VALUES.index("number")


class TorchDataset(Dataset[dict[str, Any]]):
    """Images of one or more training sets with their labels, as tensors.

    A sample is a dict: `image` float32 (1, y, x) with mean 0 and variance 1, `mask` bool (y, x), `soft_label`
    float32 (y, x) in 0 to 1, every other label that the training sets hold, `source` (place of its training set
    among the sources), `structure` (its index) and `draw` (which of the structure's images, from 0).
    Order, crops and symmetries follow from the seed and the epoch alone, however many workers load: give the
    `DataLoader` `shuffle=False` and call `set_epoch` before each epoch. `batches` gives the same samples in batches
    from threads of this process, which is faster: worker processes have to hand images over. It counts epochs itself.

    Args:
        sources: `(specimen, condition)`; or several; or a mapping from each to the number of images wanted of it,
            such as `{("CdSe-medium", "df-10nm_400e"): 128, ("CdSe-medium", "df+00nm_400e"): 384}`.
        split: `train`, `validation`, or `test` where the campaign has `counts.test`.
        images: images wanted of each source, the first of the split, so that 64 of them are among the 128; all by
            default. Structures are drawn independently: the first are a fair sample. Images of one structure stand
            together, and are of one split.
        augment: `random` shows every image once an epoch under a random element of the square's eight symmetries,
            `all` under all eight, `none` as it is; by default `random` for training and `none` for validation.
        shuffle: whether each epoch has its own order; by default for training only.
        seed: decides order, crops and augmentation.
        fields: which of `image`, `mask`, `soft_label` and other labels are wanted, all that every training set holds
            by default; others cost nothing; or `counts` float32 (y, x), the image as it was counted. Labels with a
            scale are float32, classes and ids int64. Classes are numbered by their place in the attribute `classes`,
            which holds the names of all sources'. Besides planes: `boxes` float32 (N, 4), x0, y0, x1, y1 in pixels
            around what shows of each particle, with `box_instances` and, where there are classes, `box_classes` int64
            (N,); `points` float32 (N, 2), x and y in pixels of the columns of atoms in the image, with `point_atoms`
            and `point_numbers` int64 (N,). They follow crops, symmetries and transforms. Their length differs: batches
            hold lists of them.
        crop_px: side of a part of each image; at random where `augment` is not `none`, or else in the middle.
        transform: of albumentations or torchvision (v2), or any function of a sample: applied last. Its random numbers
            are its own.
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
        crop_px: int | None = None,
        transform: Callable[..., Any] | None = None,
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
        held = [
            [IMAGE, *(name for name in StoreReader(info.path).planes() if name != COUNTS)]
            for info in infos.values()
        ]
        common = tuple(name for name in held[0] if all(name in names for names in held))
        if transform is not None and not callable(transform):
            raise ValueError(f"transform = {transform!r} is no function; give one, or a library's transform")
        self.transform = transform
        chosen = common if fields is None else tuple(fields)
        if not chosen:
            raise ValueError(f"fields is empty; name at least one of {', '.join(common)}")
        shapeless = {BOXES: "instances" in common, POINTS: all(_has_columns(i) for i in infos.values())}
        for field in chosen:
            lists = (name for name, held in shapeless.items() if held)
            _check_choice("fields", field, (*common, COUNTS, *lists))
        self._listed = tuple(name for name in shapeless if name in chosen)
        self.fields = tuple(field for field in chosen if field not in self._listed)
        # boxes are those of the particles' pixels, whatever has been done to them
        read = [*self.fields, *(("instances",) if BOXES in chosen and "instances" not in chosen else ())]
        self._sets = [
            _TrainingSet(infos[key].path, key, split, number, tuple(read), verify)
            for key, number in wanted.items()
        ]
        self._read = tuple(read)
        shapes = {s.shape for s in self._sets}
        if len(shapes) > 1 and crop_px is None:
            raise ValueError(
                f"the training sets' images differ in size: {sorted(shapes)}; choose those of one size, or give crop_px"
            )
        least = min(min(shape) for shape in shapes)
        if crop_px is not None and not 1 <= crop_px <= least:
            raise ValueError(f"crop_px = {crop_px} must be from 1 to {least}, the side of the smallest image")
        self.shape = self._sets[0].shape if crop_px is None else (crop_px, crop_px)
        self.classes = common_classes(training_set.meanings for training_set in self._sets)
        for training_set in self._sets:
            training_set.number_classes(self.classes)
        self._rows = [(s, int(row)) for s, training_set in enumerate(self._sets) for row in training_set.rows]
        # shared, so that workers that outlive an epoch see the next one
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._served = torch.zeros((), dtype=torch.int64).share_memory_()
        self._is_chosen = True
        self._plan: _Plan | None = None

    def set_epoch(self, epoch: int) -> None:
        """Choose the order and augmentation of an epoch.

        Args:
            epoch: any number from 0.
        """
        if epoch < 0:
            raise ValueError(f"epoch = {epoch} must be at least 0")
        self._epoch.fill_(epoch)
        self._served.zero_()
        self._is_chosen = True

    def __len__(self) -> int:
        """Samples per epoch."""
        return len(self._rows) * (DIHEDRAL_ELEMENTS if self.augment == "all" else 1)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        """The sample at a place of the epoch's order, from its end if negative; a list of them for a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = self._place(index)
        self._count(1)
        return self._sample(place, self._planned())

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Sample]:
        """Samples for a batch of PyTorch's `DataLoader`, which lie in the batch already where that is possible."""
        places, plan = [self._place(index) for index in indices], self._planned()
        self._count(len(places))
        if not self._fills:
            return [self._sample(place, plan) for place in places]
        batch = self._empty(len(places))
        for read in self._reads(batch, places, plan):
            read()
        return [_Row(batch, k) for k in range(len(places))]

    def _place(self, index: int) -> int:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        return place

    @property
    def _fills(self) -> bool:
        """Whether samples are read into batches in place: no transform, no lists."""
        return self.transform is None and not self._listed

    def _sample(self, place: int, plan: "_Plan") -> Sample:
        view = plan.view(place)
        source, row = self._rows[plan.order[place]]
        chosen = self._sets[source]
        sample: Sample = self._empty()
        chosen.read(row, view, sample)
        if POINTS in self._listed:
            sample |= chosen.points(row, view, self.shape)
        if self.transform is not None:
            planes = [field for field in self._read if field != IMAGE]
            sample = transformed(self.transform, sample, planes, POINTS if POINTS in sample else None)
        if POINTS in self._listed and POINTS in sample:
            names = (POINTS, "point_atoms", "point_numbers")
            sample = {n: v for n, v in sample.items() if n != SEEN} | seen_points(sample, names, self.shape)
        if BOXES in self._listed:
            sample |= _boxes(sample)
            if "instances" not in self.fields:
                del sample["instances"]
        structure, draw = chosen.structure_and_draw(row)
        return sample | {"source": source, "structure": structure, "draw": draw}

    def _count(self, samples: int) -> None:
        """Say so once if an epoch is asked for again that should have been another."""
        before = int(self._served)
        self._served += samples
        again = before <= len(self) < before + samples
        if again and (self.shuffle or self.augment == "random"):
            warnings.warn(
                f"more than one epoch of samples has been asked for, all of epoch {int(self._epoch)}: order, crops and "
                f"symmetries repeat; call set_epoch before each epoch, or use batches, which counts them",
                stacklevel=3,
            )

    def batches(
        self, batch_size: int = 16, *, threads: int = 2, ahead: int = 2, drop_last: bool = False
    ) -> Iterator[dict[str, Any]]:
        """The next epoch's samples in batches, which threads fill ahead of their use; the first epoch is 0, or the one
        that `set_epoch` chose.

        Args:
            batch_size: samples per batch.
            threads: that read, decode and standardise.
            ahead: batches in preparation while one is used.
            drop_last: leave out the last batch if it is not full.
        """
        for name, value in (("batch_size", batch_size), ("threads", threads), ("ahead", ahead)):
            if value < 1:
                raise ValueError(f"{name} = {value} must be at least 1")
        if not self._is_chosen:
            self._epoch += 1
        self._is_chosen = False
        plan = self._planned()
        end = len(self) // batch_size * batch_size if drop_last else len(self)
        pool = ThreadPoolExecutor(threads, thread_name_prefix="hrtem-batches")
        begin = self._begin if self._fills else self._begin_alone
        pending: deque[Callable[[], dict[str, Any]]] = deque()
        try:
            for first in range(0, end, batch_size):
                pending.append(begin(range(first, min(first + batch_size, end)), plan, pool))
                if len(pending) > ahead:
                    yield pending.popleft()()
            while pending:
                yield pending.popleft()()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _begin_alone(
        self, places: range, plan: "_Plan", pool: ThreadPoolExecutor
    ) -> Callable[[], dict[str, Any]]:
        """A batch of samples that are made one by one, to be called for when it is wanted."""
        samples = [pool.submit(self._sample, place, plan) for place in places]
        return lambda: _collated([sample.result() for sample in samples])

    def _begin(self, places: range, plan: "_Plan", pool: ThreadPoolExecutor) -> Callable[[], dict[str, Any]]:
        """A batch that is filled in place, to be called for when it is wanted."""
        batch = self._empty(len(places))
        reads = [pool.submit(read) for read in self._reads(batch, places, plan)]
        return lambda: _finished(batch, reads)

    def _reads(
        self, batch: dict[str, torch.Tensor], places: Sequence[int], plan: "_Plan"
    ) -> list[Callable[[], None]]:
        """What fills a batch, sample by sample; whose samples they are is filled in at once."""
        rows = [self._rows[plan.order[place]] for place in places]
        whose = [(source, *self._sets[source].structure_and_draw(row)) for source, row in rows]
        batch["source"], batch["structure"], batch["draw"] = torch.tensor(whose, dtype=torch.int64).T
        return [
            partial(
                self._sets[source].read,
                row,
                plan.view(place),
                {field: batch[field][k] for field in self.fields},
            )
            for k, (place, (source, row)) in enumerate(zip(places, rows, strict=True))
        ]

    def _empty(self, *samples: int) -> dict[str, torch.Tensor]:
        """Tensors for one sample, or for a batch of so many."""
        shapes = {IMAGE: (1, *self.shape)}
        # from a worker's own memory a batch would have to be copied to be handed over
        new = _shared if samples and get_worker_info() is not None else torch.empty
        return {
            field: new((*samples, *shapes.get(field, self.shape)), dtype=self._sets[0].dtype(field))
            for field in self._read
        }

    def _planned(self) -> "_Plan":
        """What stands at each place of the epoch."""
        epoch = int(self._epoch)
        if self._plan is None or self._plan.epoch != epoch:
            rng = np.random.default_rng([self.seed, epoch])
            positions = rng.permutation(len(self)) if self.shuffle else np.arange(len(self))
            if self.augment == "all":
                order, elements = np.divmod(positions, DIHEDRAL_ELEMENTS)
            else:
                order, elements = positions, np.zeros(len(self), np.int64)
            if self.augment == "random":
                elements = rng.integers(DIHEDRAL_ELEMENTS, size=len(self))
            sizes = np.array([training_set.shape for training_set in self._sets])
            room = (sizes - self.shape)[np.array([s for s, _ in self._rows])[order]]
            corners = rng.integers(room + 1) if self.augment != "none" and room.any() else room // 2
            self._plan = _Plan(epoch, order, elements, corners, self.shape)
        return self._plan


@dataclass(frozen=True)
class _Plan:
    """An epoch: at each place the image, by its number among all, the element of the symmetry group, and the corner
    (y, x) of the part of the image that is shown.
    """

    epoch: int
    order: NDArray[np.int64]
    elements: NDArray[np.int64]
    corners: NDArray[np.int64]
    shape: tuple[int, ...]

    def view(self, place: int) -> "_View":
        """How the image at a place is shown."""
        (y, x), (height, width) = self.corners[place].tolist(), self.shape
        return _View((slice(y, y + height), slice(x, x + width)), int(self.elements[place]))


@dataclass(frozen=True)
class _View:
    """A part of an image under an element of the square's symmetry group."""

    part: tuple[slice, slice]
    element: int


class _TrainingSet:
    """The chosen images of one store: no open files, small arrays only."""

    def __init__(
        self, path: StorePath, key: Key, split: str, number: int | None, fields: tuple[str, ...], verify: bool
    ) -> None:
        store = self._store = CheckedStore(path, once=True) if verify else StoreReader(path)
        column = partial(_column, store)
        rows = np.flatnonzero(column("split") == split_code(split, store))
        if number is not None and not 1 <= number <= len(rows):
            raise ValueError(
                f"{number} {split} images of {' at '.join(key)} are wanted; it holds {len(rows)}: "
                f"ask for 1 to {len(rows)}, or make more structures of {key[0]}"
            )
        self.rows = rows[:number]
        self._rows_per_structure = store.info.rows_per_structure
        self._mean, self._std = column("mean"), column("std")
        self._numbers: dict[str, NDArray[np.int64]] = {}
        self._readers = {field: ShardReader(store, COUNTS if field == IMAGE else field) for field in fields}

    def structure_and_draw(self, row: int) -> tuple[int, int]:
        """The structure of a row, and which of its images it is."""
        return divmod(row, self._rows_per_structure)

    @property
    def shape(self) -> tuple[int, ...]:
        """Size of the images."""
        return next(iter(self._readers.values())).shape

    @property
    def meanings(self) -> Mapping[int, str]:
        """What the numbers of its classes mean; empty if these are not wanted."""
        return self._readers[CLASSES].meanings if CLASSES in self._readers else {}

    def number_classes(self, names: tuple[str, ...]) -> None:
        """Hand classes out by their place among some names."""
        if self.meanings:
            self._numbers = {CLASSES: common_numbers(self.meanings, names)}

    def dtype(self, field: str) -> torch.dtype:
        """Type of a field's tensors."""
        reader = self._readers[field]
        if field in (IMAGE, COUNTS) or reader.scale_factor is not None or reader.dtype.kind == "f":
            return torch.float32
        if reader.dtype.kind == "c":
            return torch.complex64
        return torch.bool if reader.dtype.kind == "b" else torch.int64

    @cached_property
    def _columns(self) -> tuple[ShardReader, "_Pixels"]:
        return ShardReader(self._store, "columns"), _Pixels.of(self._store, self.shape[0])

    def points(self, row: int, view: _View, shape: tuple[int, ...]) -> Sample:
        """Columns of atoms, in pixels of a view of a row."""
        reader, pixels = self._columns
        table = reader.row(row)
        table = table[table[:, _ATOMS] > 0]
        y, x = (pixels.place(table[:, k], row) - view.part[1 - k].start for k in (1, 0))
        # as dihedral_view turns what they stand on
        if view.element & 4:
            y, x = x, y
        if view.element & 1:
            y = shape[0] - 1 - y
        if view.element & 2:
            x = shape[1] - 1 - x
        numbers = {"point_atoms": table[:, _ATOMS], "point_numbers": table[:, _NUMBER]}
        return {
            POINTS: torch.from_numpy(np.stack([x, y], axis=1).astype(np.float32)),
            **{name: torch.from_numpy(v.astype(np.int64)) for name, v in numbers.items()},
        }

    def read(self, row: int, view: _View, into: Mapping[str, torch.Tensor]) -> None:
        """Fill tensors with image and labels of a view of a row."""
        element = view.element
        for field, reader in self._readers.items():
            values, out = reader.row(row)[view.part], into[field].numpy()
            if field == IMAGE:
                standardise_into(out[0], values, float(self._mean[row]), float(self._std[row]), element)
            else:
                if field in self._numbers:
                    values = self._numbers[field][values]
                turn_into(out, values, element, 1.0 if reader.scale_factor is None else reader.scale_factor)


@dataclass(frozen=True)
class _Pixels:
    """Where pixels of images lie in the cell."""

    cell_a: float
    side_px: int
    binning: int
    sampling_a: NDArray[np.float64]

    @classmethod
    def of(cls, store: StoreReader, side_px: int) -> "_Pixels":
        """Those of a training set."""
        attributes = store.info.attributes
        recipes = attributes["upstream_recipes"]
        microscope = ImageDistribution.of_recipe(recipes["micrographs"]["settings"]).microscope
        sampling_a = attributes["sampling_a"]
        return cls(
            float(recipes["structures"]["settings"]["cell_a"]),
            side_px,
            microscope.detector.binning,
            store.column(PIXEL) if sampling_a is None else np.array([sampling_a]),
        )

    def place(self, position_a: NDArray[Any], row: int) -> NDArray[np.float64]:
        """In pixels of an image; a whole number is the middle of a pixel."""
        pixel_a = float(self.sampling_a[row % len(self.sampling_a)])
        start_a = (self.cell_a - self.side_px * pixel_a) / 2
        # a binned pixel's middle lies between those of which it consists
        return np.asarray((position_a - start_a) / pixel_a - (1 - 1 / self.binning) / 2, np.float64)


def _has_columns(info: StoreInfo) -> bool:
    return "columns" in info.attributes["arrays"]


def _boxes(sample: Sample) -> Sample:
    """Boxes of the particles that are in the image."""
    instances = sample["instances"].numpy()
    numbers = np.unique(instances)
    numbers = numbers[numbers > 0]
    boxes, classes = np.zeros((len(numbers), 4), np.float32), np.zeros(len(numbers), np.int64)
    for k, number in enumerate(numbers):
        y, x = np.nonzero(instances == number)
        boxes[k] = x.min(), y.min(), x.max() + 1, y.max() + 1
        if CLASSES in sample:
            classes[k] = sample[CLASSES][y[0], x[0]]
    found = {BOXES: torch.from_numpy(boxes), "box_instances": torch.from_numpy(numbers)}
    return found | ({"box_classes": torch.from_numpy(classes)} if CLASSES in sample else {})


def _collated(samples: Sequence[Sample]) -> dict[str, Any]:
    """A batch: stacked, or in lists where the length differs from sample to sample."""
    batch: dict[str, Any] = {}
    for name, first in samples[0].items():
        values = [sample[name] for sample in samples]
        if name.startswith(("box", "point")):
            batch[name] = values
        else:
            batch[name] = torch.stack(values) if isinstance(first, torch.Tensor) else torch.tensor(values)
    return batch


class _Row(dict[str, Any]):
    """A sample that lies in a batch; where the whole batch is wanted, nothing is copied."""

    def __init__(self, batch: dict[str, torch.Tensor], row: int) -> None:
        whose = ("source", "structure", "draw")
        super().__init__({name: int(v[row]) if name in whose else v[row] for name, v in batch.items()})
        self.batch, self.row = batch, row


def _whole(rows: list[_Row], *, collate_fn_map: Any = None) -> dict[str, Any]:
    """The batch of which some rows are all, or else one of copies."""
    batch = rows[0].batch
    if [row.row for row in rows if row.batch is batch] == list(range(len(batch["source"]))):
        return batch
    return _collated([dict(row) for row in rows])


default_collate_fn_map[_Row] = _whole


def _shared(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """An empty tensor in memory that processes share, made as PyTorch's own collating makes it."""
    storage = torch.UntypedStorage._new_shared(math.prod(shape) * dtype.itemsize, device="cpu")
    return torch.empty(0, dtype=dtype).set_(storage, 0, shape)


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
