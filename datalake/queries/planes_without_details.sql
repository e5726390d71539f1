SELECT
  a.name AS carrier_name,
  count(DISTINCT f.tailnum) AS planes,
  count(*) AS flights
FROM flights f
LEFT JOIN planes p ON p.tailnum = f.tailnum
LEFT JOIN airlines a ON a.carrier = f.carrier
WHERE f.tailnum IS NOT NULL AND p.tailnum IS NULL
GROUP BY a.name
ORDER BY flights DESC
