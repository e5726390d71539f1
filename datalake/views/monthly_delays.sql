SELECT
  CAST(date_trunc('month', d.flight_date) AS date) AS flight_month,
  d.carrier,
  max(a.name) AS carrier_name,
  sum(d.flights) AS flights,
  sum(d.cancelled) AS cancelled,
  CAST(round(CAST(sum(d.cancelled) AS decimal(18, 4)) / sum(d.flights), 4) AS decimal(5, 4)) AS cancelled_share,
  max(d.max_arr_delay) AS max_arr_delay
FROM daily_delays_by_carrier d
LEFT JOIN {{staged}}.airlines a ON a.carrier = d.carrier
GROUP BY date_trunc('month', d.flight_date), d.carrier
