-- A flight without a weather observation in its hour counts as 'unknown' in all three classes.
-- Wind above 200 mph is a faulty reading (Newark, 12 February 2013: 1,048 mph), so 'unknown' too.
WITH conditions AS (
  SELECT
    f.origin,
    f.dep_time,
    f.dep_delay,
    CASE
      WHEN w.visib IS NULL THEN 'unknown'
      WHEN w.visib < 1 THEN 'below 1 mile'
      WHEN w.visib < 5 THEN '1 to 5 miles'
      WHEN w.visib < 10 THEN '5 to 10 miles'
      ELSE '10 miles'
    END AS visibility,
    CASE
      WHEN w.wind_speed IS NULL OR w.wind_speed > 200 THEN 'unknown'
      WHEN w.wind_speed < 10 THEN 'below 10 mph'
      WHEN w.wind_speed < 20 THEN '10 to 20 mph'
      ELSE '20 mph and more'
    END AS wind,
    CASE
      WHEN w.precip IS NULL THEN 'unknown'
      WHEN w.precip = 0 THEN 'none'
      WHEN w.precip < 0.1 THEN 'light'
      ELSE 'heavy'
    END AS precipitation
  FROM flights f
  LEFT JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
)
SELECT
  c.origin,
  max(a.name) AS origin_name,
  c.visibility,
  c.wind,
  c.precipitation,
  count(*) AS flights,
  count_if(c.dep_time IS NULL) AS cancelled,
  CAST(round(CAST(count_if(c.dep_time IS NULL) AS DECIMAL(18, 0)) / count(*), 4)
    AS DECIMAL(5, 4)) AS cancelled_share,
  CAST(round(CAST(sum(c.dep_delay) AS DECIMAL(18, 0)) / nullif(count(c.dep_delay), 0), 2)
    AS DECIMAL(10, 2)) AS avg_dep_delay
FROM conditions c
LEFT JOIN airports a ON a.faa = c.origin
GROUP BY c.origin, c.visibility, c.wind, c.precipitation
