"""Decides whether files whose columns are not those of the data set can be read."""

from collections.abc import Sequence

from tarn_jobs.manifest import Dataset


def fits(dataset: Dataset, found: Sequence[str]) -> bool:
    """Tell whether a file with these columns can be read, its columns found by name."""
    expected = dataset.column_names
    if list(found) == expected:
        return True
    if not (dataset.ignore_new_columns or dataset.null_missing_columns):
        return False  # Nobody has allowed anything: not even another order.
    return fits_by_name(dataset, found)


def fits_by_name(dataset: Dataset, found: Sequence[str]) -> bool:
    """Tell whether the columns are right in any order."""
    if len(set(found)) != len(found):
        return False
    if set(found) - set(dataset.column_names) and not dataset.ignore_new_columns:
        return False
    missing = [column for column in dataset.columns if column.name not in found]
    if missing and not dataset.null_missing_columns:
        return False
    return not any(column.required or column.name in dataset.key for column in missing)


def hint(dataset: Dataset) -> str:
    """Return what can be set so that such files are read; nothing when all is set."""
    settings = []
    if not dataset.ignore_new_columns:
        settings.append("evolution.new_columns: ignore")
    if not dataset.null_missing_columns:
        settings.append(
            "evolution.missing_columns: null (for columns that are neither required nor in the key)"
        )
    return f" (to read such files set {' or '.join(settings)})" if settings else ""
