"""Which tables a crawler sees in a tree of files. Pure: file keys and schemas in, tables out.

The rule, applied from the include path downwards, is Glue's in short form:

- the files of a folder without sub-folders are one table when their schemas are similar,
  else a table each;
- sub-folders that each hold one table of similar schemas are the partitions of one table
  (``key=value`` names give the partition key, other names ``partition_0``, ``partition_1``, ...);
- other sub-folders hold tables of their own.

With TableGroupingPolicy CombineCompatibleSchemas, ``key=value`` folders are joined whatever their
columns; TableLevelConfiguration names the level (bucket = 1) at which a folder is one table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .schema import Column, Schema, catalog_name, similar, union


@dataclass(frozen=True)
class DataFile:
    """One classified object."""

    key: str
    size: int
    schema: Schema


@dataclass(frozen=True)
class Partition:
    """The files under one combination of partition values."""

    values: tuple[str, ...]
    prefix: str
    files: tuple[DataFile, ...]


@dataclass(frozen=True)
class FoundTable:
    """A table as found: a folder (prefix ends in /) or a single file."""

    name: str
    prefix: str
    schema: Schema
    files: tuple[DataFile, ...]
    partition_keys: tuple[Column, ...] = ()
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True)
class Policy:
    """The part of a crawler's Configuration that decides about grouping."""

    combine: bool = False
    table_level: int | None = None


@dataclass
class _Folder:
    prefix: str
    files: list[DataFile] = field(default_factory=list)
    children: dict[str, _Folder] = field(default_factory=dict)

    @property
    def level(self) -> int:
        """The level as TableLevelConfiguration counts: the bucket is 1."""
        return self.prefix.count("/") + 1

    def all_files(self) -> list[DataFile]:
        found = list(self.files)
        for child in self.children.values():
            found += child.all_files()
        return found


def find_tables(
    bucket: str, root: str, files: Sequence[DataFile], policy: Policy | None = None
) -> list[FoundTable]:
    """Return the tables under ``root`` (a key prefix that is empty or ends in /, or a file)."""
    if not files:
        return []
    if len(files) == 1 and files[0].key == root:
        return [_file_table(files[0])]
    tree = _Folder(root)
    for file in sorted(files, key=lambda f: f.key):
        folder = tree
        for part in file.key.removeprefix(root).split("/")[:-1]:
            folder = folder.children.setdefault(part, _Folder(f"{folder.prefix}{part}/"))
        folder.files.append(file)
    return _walk(tree, bucket, policy or Policy())


def _walk(folder: _Folder, bucket: str, policy: Policy) -> list[FoundTable]:
    if policy.table_level is not None:
        return _at_level(folder, bucket, policy)
    if not folder.children:
        return _of_files(folder, bucket)
    inner = {name: _walk(child, bucket, policy) for name, child in folder.children.items()}
    joined = _join(folder, bucket, inner, policy.combine)
    if joined is not None:
        return [joined]
    tables = [table for found in inner.values() for table in found]
    return tables + [_file_table(file) for file in folder.files]


def _at_level(folder: _Folder, bucket: str, policy: Policy) -> list[FoundTable]:
    assert policy.table_level is not None
    if folder.level < policy.table_level:
        tables = []
        for child in folder.children.values():
            tables += _at_level(child, bucket, policy)
        return tables
    files = folder.all_files()
    schemas = [file.schema for file in files]
    if len({schema.classification for schema in schemas}) > 1:
        return [_file_table(file) for file in files]
    inner = {name: _forced(child, bucket) for name, child in folder.children.items()}
    joined = _join(folder, bucket, inner, True) if inner else None
    return [joined or _folder_table(folder, bucket, files)]


def _forced(folder: _Folder, bucket: str) -> list[FoundTable]:
    if not folder.children:
        return [_folder_table(folder, bucket, folder.files)]
    inner = {name: _forced(child, bucket) for name, child in folder.children.items()}
    joined = _join(folder, bucket, inner, True)
    return [joined] if joined else [table for found in inner.values() for table in found]


def _of_files(folder: _Folder, bucket: str) -> list[FoundTable]:
    first = folder.files[0].schema
    if all(similar(first, file.schema) for file in folder.files):
        return [_folder_table(folder, bucket, folder.files)]
    return [_file_table(file) for file in folder.files]


def _join(
    folder: _Folder, bucket: str, inner: dict[str, list[FoundTable]], combine: bool
) -> FoundTable | None:
    """Return the folder as one partitioned table, or None when it is not one."""
    if folder.files or any(len(found) != 1 for found in inner.values()):
        return None
    tables = {name: found[0] for name, found in inner.items()}
    if any(not table.prefix.endswith("/") for table in tables.values()):
        return None
    keyed = all("=" in name for name in tables)
    depths = {tuple(key.name for key in table.partition_keys) for table in tables.values()}
    keys = {name.partition("=")[0] for name in tables} if keyed else {""}
    if len({len(depth) for depth in depths}) != 1 or len(keys) != 1:
        return None
    first = next(iter(tables.values())).schema
    if any(table.schema.classification != first.classification for table in tables.values()):
        return None
    alike = all(similar(first, table.schema) for table in tables.values())
    if not alike and not (combine and keyed):
        return None
    if not keyed and len(tables) == 1:
        # A lone ordinary folder is where the table is, not a partition of its parent.
        return None
    own = Column(catalog_name(keys.pop()) if keyed else "partition_0", "string")
    deeper = next(iter(tables.values())).partition_keys
    renamed = tuple(_shift(key) for key in deeper) if not keyed else deeper
    partitions: list[Partition] = []
    for name, table in tables.items():
        value = name.partition("=")[2] if keyed else name
        below = table.partitions or (Partition((), table.prefix, table.files),)
        partitions += [replace(part, values=(value, *part.values)) for part in below]
    files = tuple(file for table in tables.values() for file in table.files)
    return FoundTable(
        _folder_name(folder, bucket),
        folder.prefix,
        union([file.schema for file in files]),
        files,
        (own, *renamed),
        tuple(partitions),
    )


def _shift(key: Column) -> Column:
    """Return partition_0 of an inner table as the partition_1 it is in the outer one."""
    stem, _, number = key.name.rpartition("_")
    if stem == "partition" and number.isdigit():
        return Column(f"partition_{int(number) + 1}", key.type)
    return key


def _folder_table(folder: _Folder, bucket: str, files: Sequence[DataFile]) -> FoundTable:
    schema = union([file.schema for file in files])
    return FoundTable(_folder_name(folder, bucket), folder.prefix, schema, tuple(files))


def _file_table(file: DataFile) -> FoundTable:
    name = catalog_name(file.key.rsplit("/", 1)[-1])
    return FoundTable(name, file.key, file.schema, (file,))


def _folder_name(folder: _Folder, bucket: str) -> str:
    return catalog_name(folder.prefix.rstrip("/").rsplit("/", 1)[-1] or bucket)
