"""Runs the two jobs over folders the way Glue runs them over buckets."""

import itertools
import json
from pathlib import Path
from typing import Any

import raw_to_staged
import staged_to_analytics
import yaml
from pyspark.sql import DataFrame, Row, SparkSession

_numbers = itertools.count(1)


class Pipeline:
    """A pipeline with zones in one folder and databases of its own."""

    def __init__(self, spark: SparkSession, folder: Path, manifest: dict[str, Any]) -> None:
        self.spark = spark
        self.folder = folder
        self.manifest = manifest
        self.runs = 0
        self.run_id = "wr_0"
        number = next(_numbers)
        self.databases = {
            zone: f"test{number}_{zone}" for zone in ("staged", "analytics", "quarantine")
        }
        for database in self.databases.values():
            spark.sql(f"CREATE NAMESPACE glue_catalog.{database}")

    def define(self, name: str, columns: dict[str, str], key: list[str], **more: Any) -> None:
        """Add or replace a data set; a type that ends in "!" is a required column's."""
        listed = [
            {"name": column, "type": kind.rstrip("!"), "required": kind.endswith("!")}
            for column, kind in columns.items()
        ]
        form = more.pop("format", "csv")
        options = {"header": "true", "nullValue": "NA"} if form == "csv" else {}
        source = {"format": form, "path": f"{name}/", "options": options | more.pop("options", {})}
        source |= {field: more.pop(field) for field in ("read", "dates") if field in more}
        entry = {"name": name, "source": source, "columns": listed, "key": key, **more}
        others = [other for other in self.manifest["datasets"] if other["name"] != name]
        self.manifest["datasets"] = [*others, entry]

    def put(self, path: str, content: str | bytes) -> None:
        """Write a raw file, replacing one of the same name."""
        target = self.folder / "raw" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)

    def stage(self, **arguments: str) -> dict[str, Any]:
        """Run raw-to-staged; return its report's data sets by name, after checking their sums."""
        self.runs += 1
        self.run_id = arguments.get("WORKFLOW_RUN_ID", f"wr_{self.runs}")
        try:
            raw_to_staged.main(self._arguments(arguments))
        finally:
            check_sums(self.report("raw-to-staged"))
        return self.report("raw-to-staged")

    def build_analytics(self) -> dict[str, Any]:
        """Run staged-to-analytics in the same workflow run; return its report's tables."""
        staged_to_analytics.main(self._arguments())
        return self.report("staged-to-analytics")

    def report(self, job: str) -> dict[str, Any]:
        """Return what the last run reported, by name."""
        document = self.document(job)
        return {entry["name"]: entry for entry in document.get("datasets", document.get("tables"))}

    def document(self, job: str) -> dict[str, Any]:
        """Return the whole report of the last run."""
        path = self.folder / "reports" / self.run_id / f"{job}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    def table(self, name: str, zone: str = "staged") -> DataFrame:
        """Return a table of the pipeline."""
        return self.spark.table(f"glue_catalog.{self.databases[zone]}.{name}")

    def rows(self, name: str, zone: str = "staged") -> list[tuple[Any, ...]]:
        """Return the rows of a table in order."""
        return sorted((tuple(row) for row in self.table(name, zone).collect()), key=repr)

    def rejected(self, dataset: str) -> list[Row]:
        """Return what quarantine holds of a data set."""
        table = self.table("rejected_rows", "quarantine").where(f"dataset = '{dataset}'")
        return sorted(table.collect(), key=lambda r: (r.source_file, r.raw_record, r.ordinal))

    def reasons(self, dataset: str) -> dict[str, str]:
        """Return record -> reason of a data set's rejected records."""
        return {row.raw_record: row.reason for row in self.rejected(dataset)}

    def snapshots(self) -> dict[str, list[int]]:
        """Return the snapshot ids of every table of the pipeline."""
        found = {}
        for database in self.databases.values():
            for row in self.spark.sql(f"SHOW TABLES IN glue_catalog.{database}").collect():
                table = f"glue_catalog.{database}.{row.tableName}"
                ids = self.spark.sql(f"SELECT snapshot_id FROM {table}.snapshots").collect()
                found[table] = sorted(row[0] for row in ids)
        return found

    def _arguments(self, more: dict[str, str] | None = None) -> list[str]:
        manifest = self.folder / "manifest.json"
        manifest.write_text(json.dumps(self.manifest), encoding="utf-8")
        zones = {zone: f"file://{self.folder}/{zone}" for zone in ("raw", *self.databases)}
        values = {
            "manifest_uri": f"file://{manifest}",
            "report_uri": f"file://{self.folder}/reports",
            "JOB_NAME": "test",
            "JOB_RUN_ID": f"jr_{self.runs}",
            "WORKFLOW_RUN_ID": self.run_id,
            "TempDir": "s3://unused/",
            "conf": "a=b --conf c=d",
        }
        values |= {f"{zone}_uri": uri for zone, uri in zones.items()}
        values |= {f"{zone}_database": name for zone, name in self.databases.items()}
        values |= more or {}
        return [part for key, value in values.items() for part in (f"--{key}", value)]


def check_sums(report: dict[str, Any]) -> None:
    """Check of every data set that each record went to one place."""
    for entry in report.values():
        parts = ("valid", "quarantined", "superseded", "expired")
        assert entry["read"] == sum(entry[part] for part in parts), entry


def sample_manifest(mpp: Path) -> dict[str, Any]:
    """Return the manifest of the deployed pipeline, rendered from its YAML and SQL files."""
    datasets = [yaml.safe_load(path.read_text("utf-8")) for path in mpp.glob("datasets/*.yaml")]
    tables = []
    for path in sorted(mpp.glob("analytics/*.yaml")):
        sql = path.with_suffix(".sql").read_text("utf-8")
        tables.append(yaml.safe_load(path.read_text("utf-8")) | {"sql": sql})
    datasets.sort(key=lambda dataset: dataset["name"])
    for dataset in datasets:  # DQDL is parsed in Go: without its rules everything is published
        dataset.pop("quality", None)
    return {"version": 2, "pipeline": "flights", "datasets": datasets, "tables": tables}
