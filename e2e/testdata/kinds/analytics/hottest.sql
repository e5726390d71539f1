SELECT sensor, count(*) AS readings, max(degrees) AS degrees FROM readings GROUP BY sensor
