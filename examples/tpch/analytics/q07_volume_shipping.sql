SELECT
  sn.n_name AS supp_nation,
  cn.n_name AS cust_nation,
  extract(YEAR FROM l.l_shipdate) AS l_year,
  sum(l.l_extendedprice * (1 - l.l_discount)) AS revenue
FROM supplier s
JOIN lineitem l ON l.l_suppkey = s.s_suppkey
JOIN orders o ON o.o_orderkey = l.l_orderkey
JOIN customer c ON c.c_custkey = o.o_custkey
JOIN nation sn ON sn.n_nationkey = s.s_nationkey
JOIN nation cn ON cn.n_nationkey = c.c_nationkey
WHERE l.l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
  AND (
    (sn.n_name = 'FRANCE' AND cn.n_name = 'GERMANY')
    OR (sn.n_name = 'GERMANY' AND cn.n_name = 'FRANCE')
  )
GROUP BY sn.n_name, cn.n_name, extract(YEAR FROM l.l_shipdate)
