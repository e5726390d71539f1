-- Where the benchmark makes a view, this reads another table of the pipeline.
SELECT s.s_suppkey, s.s_name, s.s_address, s.s_phone, r.total_revenue
FROM supplier s
JOIN q15_supplier_revenue r ON r.supplier_no = s.s_suppkey
WHERE r.total_revenue = (SELECT max(total_revenue) FROM q15_supplier_revenue)
