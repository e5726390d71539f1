"""Keeps one record per key.

Of the records that share a key, the one is kept whose file comes first by name; within a file,
the one whose text comes first in the alphabet. That depends on what the files say alone, never
on the order of lines, the split of a file or the timing of a run, so every run keeps the same
record. The others go to quarantine.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tarn_jobs.raw_records import RECORD, SOURCE_FILE
from tarn_jobs.values import REASON


def split_duplicates(good: DataFrame, key: tuple[str, ...]) -> tuple[DataFrame, DataFrame | None]:
    """Return (one record per key, the other records with their REASON or None without any)."""
    repeated = good.groupBy(*key).count().where("count > 1").select(*key).persist()
    if repeated.isEmpty():
        repeated.unpersist()
        return good, None
    # From here on the keys, few as they are, stay in memory until the job ends: the data
    # frames returned still read them.
    groups = good.join(repeated, list(key), "left_semi")
    order = Window.partitionBy(*key).orderBy(SOURCE_FILE, RECORD)
    ranked = groups.withColumn("__rank", F.row_number().over(order)).withColumn(
        "__kept_in", F.first(SOURCE_FILE).over(order)
    )
    kept = ranked.where("__rank = 1").drop("__rank", "__kept_in")
    rejected = ranked.where("__rank > 1").withColumn(REASON, _reason(key))
    unique = good.join(repeated, list(key), "left_anti").unionByName(kept)
    return unique, rejected.drop("__rank", "__kept_in")


def describe(key: tuple[str, ...]) -> Column:
    """Return a key and its values as text: `carrier=UA, flight=1545`."""
    parts = [F.concat(F.lit(f"{name}="), F.col(name).cast("string")) for name in key]
    return F.concat_ws(", ", *parts)


def _reason(key: tuple[str, ...]) -> Column:
    return F.concat(
        F.lit("duplicate key ("), describe(key), F.lit("): the record kept is in "), "__kept_in"
    )
