-- Averages are a division of exact sums: every engine gives the same digits.
SELECT
  l_returnflag,
  l_linestatus,
  sum(l_quantity) AS sum_qty,
  sum(l_extendedprice) AS sum_base_price,
  sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price,
  sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge,
  CAST(sum(l_quantity) AS DOUBLE) / count(*) AS avg_qty,
  CAST(sum(l_extendedprice) AS DOUBLE) / count(*) AS avg_price,
  CAST(sum(l_discount) AS DOUBLE) / count(*) AS avg_disc,
  count(*) AS count_order
FROM lineitem
WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL '90' DAY
GROUP BY l_returnflag, l_linestatus
