-- Better than the average, without dividing: the balance times the number of customers.
WITH of_countries AS (
  SELECT c_custkey, c_acctbal, substring(c_phone, 1, 2) AS cntrycode
  FROM customer
  WHERE substring(c_phone, 1, 2) IN ('13', '31', '23', '29', '30', '18', '17')
),
positive AS (
  SELECT sum(c_acctbal) AS balance, count(*) AS customers
  FROM of_countries
  WHERE c_acctbal > 0
)
SELECT c.cntrycode, count(*) AS numcust, sum(c.c_acctbal) AS totacctbal
FROM of_countries c
CROSS JOIN positive
WHERE c.c_acctbal * positive.customers > positive.balance
  AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.o_custkey = c.c_custkey)
GROUP BY c.cntrycode
