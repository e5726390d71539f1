-- Less than a fifth of the average, without dividing: five times the quantity, times the lines.
WITH usual AS (
  SELECT l_partkey, sum(l_quantity) AS quantity, count(*) AS lines
  FROM lineitem
  GROUP BY l_partkey
)
SELECT CAST(sum(l.l_extendedprice) AS DOUBLE) / 7 AS avg_yearly
FROM lineitem l
JOIN part p ON p.p_partkey = l.l_partkey
JOIN usual u ON u.l_partkey = p.p_partkey
WHERE p.p_brand = 'Brand#23'
  AND p.p_container = 'MED BOX'
  AND l.l_quantity * 5 * u.lines < u.quantity
