"""The quality gate: publishes what a run has staged when all rules of the data set hold.

What is not published stays in the branch of the run, to be looked at; main keeps what it had.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic

from pyspark.sql import DataFrame, SparkSession

from tarn_jobs import publish, quality
from tarn_jobs.ledger import Ledger
from tarn_jobs.manifest import Dataset, Manifest
from tarn_jobs.quality import RuleResult
from tarn_jobs.session import table_name


@dataclass(frozen=True)
class QualityResult:
    """What the gate found out about one data set, and whether main has what the run staged."""

    name: str
    published: bool = False
    rules: tuple[RuleResult, ...] = ()
    seconds: float = 0.0
    error: str | None = None
    # The other data sets that were looked at.
    used: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether there was an answer to every rule, and it was yes."""
        return self.error is None and all(rule.passed for rule in self.rules)

    def line(self) -> str:
        """The result in one line."""
        if self.error:
            return f"{self.name}: FAILED after {self.seconds:.1f} s: {self.error}"
        return f"{self.name}: {len(self.rules)} rules hold, published, {self.seconds:.1f} s"


class Gate:
    """The gate of one run of one pipeline."""

    def __init__(
        self,
        spark: SparkSession,
        work: Manifest,
        database: str,
        run_id: str,
        ledger: Ledger,
        now: datetime,
    ) -> None:
        self._spark = spark
        self._work = work
        self._database = database
        self._branch = publish.branch_name(run_id)
        self._ledger = ledger
        self._now = now
        # Data sets that did not pass: others are judged by what main has of them.
        self._held: frozenset[str] = frozenset()

    def evaluate(self, dataset: Dataset) -> QualityResult:
        """Evaluate the rules of a data set on what the run has staged of it.

        Without a branch the run has changed nothing, or this job was run before and has
        published it: then main has it.
        """
        began = monotonic()
        others = quality.Others(
            frozenset(other.name for other in self._work.datasets if other != dataset),
            self._staged,
        )
        rules = quality.evaluate(
            self._spark,
            self._staged(dataset.name),
            self._work.rulesets[dataset.quality]["rules"],
            others,
            self._now,
        )
        result = QualityResult(
            dataset.name,
            rules=tuple(rules),
            seconds=round(monotonic() - began, 1),
            used=tuple(sorted(others.used)),
        )
        return result if result.holds else replace(result, error=_failure(rules))

    def hold(self, results: Sequence[QualityResult]) -> list[Dataset]:
        """Keep back what failed; return the data sets that were judged by it, to do so again."""
        held = frozenset(result.name for result in results if not result.holds)
        fresh = held - self._held
        self._held = held
        again = {result.name for result in results if result.holds and fresh & set(result.used)}
        return [dataset for dataset in self._work.datasets if dataset.name in again]

    def publish(self, dataset: Dataset, result: QualityResult) -> QualityResult:
        """Publish the branch of a data set if its rules hold; raises Moved when it cannot."""
        if not result.holds:
            return result
        began = monotonic()
        table = table_name(self._database, dataset.name)
        reads_new = dataset.source.read == "new"
        if publish.head(self._spark, table, self._branch) is not None:
            publish.publish(self._spark, table, self._branch)
            if reads_new:
                self._ledger.published(dataset.name)
        elif reads_new:  # If this job died after it had published, the ledger does not say so.
            self._ledger.settle(dataset.name, table)
        seconds = round(result.seconds + monotonic() - began, 1)
        return replace(result, published=True, seconds=seconds)

    def _staged(self, name: str) -> DataFrame:
        """Return a table as it is once this run has published it."""
        table = table_name(self._database, name)
        has_branch = publish.head(self._spark, table, self._branch) is not None
        if has_branch and name not in self._held:
            return self._spark.table(publish.branch_table(table, self._branch))
        return self._spark.table(table)


def _failure(rules: Sequence[RuleResult]) -> str:
    failed = [f"{rule.rule} (observed: {rule.observed})" for rule in rules if not rule.passed]
    return f"{len(failed)} of {len(rules)} rules do not hold: " + "; ".join(failed)
