SELECT
  hour AS scheduled_hour,
  count(*) AS flights,
  count_if(dep_time IS NULL) AS cancelled,
  round(avg(dep_delay), 1) AS avg_dep_delay,
  approx_percentile(dep_delay, 0.9) AS dep_delay_of_the_worst_tenth
FROM flights
GROUP BY hour
ORDER BY hour
