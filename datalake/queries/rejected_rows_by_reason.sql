SELECT
  dataset,
  reason,
  count(*) AS records,
  count(DISTINCT source_file) AS files,
  max(rejected_at) AS last_rejected_at
FROM rejected_rows
WHERE pipeline = 'flights'
GROUP BY dataset, reason
ORDER BY records DESC
