-- Routes of fewer than 100 flights are left out: their averages say little.
-- Four destinations (BQN, PSE, SJU, STT) are not in airports: their dest_name stays NULL.
WITH routes AS (
  SELECT
    f.origin,
    f.dest,
    count(*) AS flights,
    count_if(f.dep_time IS NULL) AS cancelled,
    CAST(round(CAST(sum(f.arr_delay) AS DECIMAL(18, 0)) / nullif(count(f.arr_delay), 0), 2)
      AS DECIMAL(10, 2)) AS avg_arr_delay,
    CAST(round(CAST(count_if(f.arr_delay > 15) AS DECIMAL(18, 0)) / nullif(count(f.arr_delay), 0), 4)
      AS DECIMAL(5, 4)) AS late_share
  FROM flights f
  GROUP BY f.origin, f.dest
  HAVING count(*) >= 100
)
SELECT
  rank() OVER (ORDER BY r.avg_arr_delay DESC NULLS LAST) AS worst_rank,
  r.origin,
  o.name AS origin_name,
  r.dest,
  d.name AS dest_name,
  r.flights,
  r.cancelled,
  r.avg_arr_delay,
  r.late_share
FROM routes r
LEFT JOIN airports o ON o.faa = r.origin
LEFT JOIN airports d ON d.faa = r.dest
