-- The share is that of scale factor 1: 1 part in 10,000 of the value.
WITH german AS (
  SELECT ps.ps_partkey, sum(ps.ps_supplycost * ps.ps_availqty) AS value
  FROM partsupp ps
  JOIN supplier s ON s.s_suppkey = ps.ps_suppkey
  JOIN nation n ON n.n_nationkey = s.s_nationkey
  WHERE n.n_name = 'GERMANY'
  GROUP BY ps.ps_partkey
)
SELECT ps_partkey, value
FROM german
WHERE value * 10000 > (SELECT sum(value) FROM german)
