"""Which rows of a data set are older than it keeps them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from tarn_jobs.manifest import Dataset


@dataclass(frozen=True)
class Limit:
    """Rows with an earlier day in a column, a date or a timestamp in UTC, are too old."""

    column: str
    first_day: date

    @property
    def too_old(self) -> str:
        """The condition in SQL, which is null where the column is: such a row stays."""
        return f"`{self.column}` < DATE '{self.first_day.isoformat()}'"

    def passed_by(self, value: Column) -> Column:
        """Tell whether a value of the column is too old."""
        return F.coalesce(value < F.lit(self.first_day), F.lit(False))


def limit(dataset: Dataset, now: datetime) -> Limit | None:
    """Return the limit of a data set at a time; None when its rows stay for ever."""
    kept = dataset.retention
    if kept is None:
        return None
    return Limit(kept.column, (now.astimezone(UTC) - timedelta(days=kept.days)).date())
