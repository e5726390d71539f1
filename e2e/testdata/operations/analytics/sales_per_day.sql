SELECT o.ordered_on, c.country, count(*) AS orders, CAST(sum(o.amount) AS DECIMAL(12, 2)) AS total
FROM orders o
JOIN customers c ON c.customer = o.customer
GROUP BY o.ordered_on, c.country
