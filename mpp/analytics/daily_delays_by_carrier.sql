-- Averages are exact decimals (a sum divided by a count, rounded half up), never floating point:
-- the same rows give the same digits in every engine and in every run.
SELECT
  make_date(f.year, f.month, f.day) AS flight_date,
  f.carrier,
  max(a.name) AS carrier_name,
  count(*) AS flights,
  count_if(f.dep_time IS NULL) AS cancelled,
  count_if(f.dep_time IS NOT NULL AND f.arr_delay IS NULL) AS diverted,
  CAST(round(CAST(sum(f.dep_delay) AS DECIMAL(18, 0)) / nullif(count(f.dep_delay), 0), 2)
    AS DECIMAL(10, 2)) AS avg_dep_delay,
  CAST(round(CAST(sum(f.arr_delay) AS DECIMAL(18, 0)) / nullif(count(f.arr_delay), 0), 2)
    AS DECIMAL(10, 2)) AS avg_arr_delay,
  max(f.arr_delay) AS max_arr_delay,
  -- Share of the flights that arrived; "late" is the usual more than 15 minutes.
  CAST(round(CAST(count_if(f.arr_delay > 15) AS DECIMAL(18, 0)) / nullif(count(f.arr_delay), 0), 4)
    AS DECIMAL(5, 4)) AS late_share
FROM flights f
LEFT JOIN airlines a ON a.carrier = f.carrier
GROUP BY f.year, f.month, f.day, f.carrier
