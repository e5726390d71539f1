"""Runs independent pieces of work at the same time in one Spark application."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Protocol, TypeVar

from pyspark.sql import SparkSession

from tarn_jobs.errors import explain, summary

# Enough that small data sets hide behind a large one; more would only share the same cores
# and hold more rows in memory at once.
_AT_ONCE = 4


class Named(Protocol):
    """A piece of work with a name."""

    @property
    def name(self) -> str:
        """The name it is reported under."""


Item = TypeVar("Item", bound=Named)
Result = TypeVar("Result")


def run(
    spark: SparkSession,
    items: Sequence[Item],
    work: Callable[[Item], Result],
    failed: Callable[[Item, str, float], Result],
    done: Callable[[Result], None],
) -> list[Result]:
    """Work on each item; one that fails becomes `failed(item, message, seconds)`.

    `done` is called as each one ends; the results come back in the order of the items.
    """

    def one(item: Item) -> Result:
        began = monotonic()
        # A scheduler pool of its own gives each its share of the cores.
        spark.sparkContext.setLocalProperty("spark.scheduler.pool", item.name)
        spark.sparkContext.setJobDescription(item.name)
        try:
            result = work(item)
        except Exception as error:  # Fails alone, whatever it is: the others must finish.
            explain(error)
            result = failed(item, summary(error), round(monotonic() - began, 1))
        done(result)
        return result

    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="tarn") as pool:
        return list(pool.map(one, items))
