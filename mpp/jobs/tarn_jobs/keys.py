"""Keeps one record per key.

Of the records that share a key, the one is kept that has the greatest value of `newest_by`; of
several, or without one, that whose file comes first by name; within a file, the one whose text
comes first in the alphabet. That depends on what the files say alone, never on the order of
lines, the split of a file or the timing of a run, so every run keeps the same record.

Records that a newer one supersedes are counted; any other that is not kept goes to quarantine.
"""

from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tarn_jobs.raw_records import RECORD, SOURCE_FILE
from tarn_jobs.values import REASON


@dataclass(frozen=True)
class Unique:
    """Good records with one of each key, and what became of the others."""

    rows: DataFrame
    # None: no key is there twice, so that `rows` is all of them.
    duplicates: DataFrame | None = None
    superseded: int = 0
    # What the rows are read from; to be unpersisted once they are written.
    held: tuple[DataFrame, ...] = ()


def keep_one(good: DataFrame, key: tuple[str, ...], newest_by: str, text: Column) -> Unique:
    """Return one record per key; `text` is that of a good record."""
    repeated = good.groupBy(*key).count().where("count > 1").select(*key).persist()
    if repeated.isEmpty():
        repeated.unpersist()
        return Unique(good)
    groups = good.join(repeated, list(key), "left_semi").withColumn(RECORD, text)
    newest = [F.col(newest_by).desc_nulls_last()] if newest_by else []
    order = Window.partitionBy(*key).orderBy(*newest, SOURCE_FILE, RECORD)
    ranked = groups.withColumn("__rank", F.row_number().over(order)).withColumn(
        "__kept_in", F.first(SOURCE_FILE).over(order)
    )
    older = F.lit(False)
    if newest_by:
        # Null is older than everything else.
        older = ~F.col(newest_by).eqNullSafe(F.first(newest_by).over(order))
    ranked = ranked.withColumn("__older", older).persist(StorageLevel.MEMORY_AND_DISK)
    kept = ranked.where("__rank = 1").select(*good.columns)
    others = ranked.where("__rank > 1")
    superseded = others.where("__older").count() if newest_by else 0
    rejected = others.where("NOT __older").withColumn(REASON, _reason(key)).select(*good.columns)
    unique = good.join(repeated, list(key), "left_anti").select(*good.columns).unionByName(kept)
    return Unique(unique, rejected, superseded, (repeated, ranked))


def describe(key: tuple[str, ...]) -> Column:
    """Return a key and its values as text: `carrier=UA, flight=1545`."""
    parts = [F.concat(F.lit(f"{name}="), F.col(name).cast("string")) for name in key]
    return F.concat_ws(", ", *parts)


def _reason(key: tuple[str, ...]) -> Column:
    return F.concat(
        F.lit("duplicate key ("), describe(key), F.lit("): the record kept is in "), "__kept_in"
    )
