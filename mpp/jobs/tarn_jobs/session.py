"""The Spark session of a job."""

from pyspark.sql import SparkSession

# The name the deployed --conf gives the Iceberg catalog.
CATALOG = "glue_catalog"


def start(name: str) -> SparkSession:
    """Return the job's session; catalogs and storage come from the deployed --conf."""
    return (
        SparkSession.builder.appName(name)
        # Data sets run side by side: without FAIR, the first one would hold all the slots.
        .config("spark.scheduler.mode", "FAIR")
        # The progress bars would be drawn into the log, one line per redraw.
        .config("spark.ui.showConsoleProgress", "false")
        # A timestamp without a zone is UTC wherever the job runs.
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )


def table_name(database: str, table: str) -> str:
    """Return the quoted full name of a table."""
    return f"{CATALOG}.`{database}`.`{table}`"
