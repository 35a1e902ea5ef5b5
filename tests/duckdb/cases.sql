-- Named queries, each with its right answer: those that `%%sql` once answered wrongly or did not know, and failures of random
-- queries that were made smaller. `cases.py` says how a case is written. `python cases.py` writes the answers of those that have
-- none yet, by DuckDB: read them before you keep them.

-- A sum of int is wider than int.
SELECT SUM(n) AS s FROM sales WHERE n > 5
--> int
--> [6000000000]

-- A sum of bigint that no bigint holds is wider, or an error, and no other number.
SELECT SUM(b) AS s FROM t WHERE b > 9000000000000000000
--> or refused: (?i)overflow|64 bits
--> int
--> [36893488147419103228]

-- A difference that no bigint holds.
SELECT b - 1 AS less FROM t WHERE b < -9000000000000000000
--> refused: (?i)overflow|64 bits

-- A product that no bigint holds.
SELECT id, b * b AS p FROM t WHERE id = 6
--> refused: (?i)overflow|64 bits

-- LEFT JOIN by another condition than an equality keeps what finds nothing.
SELECT s.id, r.amount FROM sales AS s LEFT JOIN returns AS r ON s.amount < r.amount
--> int, decimal
--> [1, "100.00"]
--> [1, "7.00"]
--> [2, "100.00"]
--> [3, null]
--> [4, "100.00"]
--> [5, null]
--> [6, "1.00"]
--> [6, "100.00"]
--> [6, "7.00"]

-- RIGHT JOIN by another condition.
SELECT s.id, r.amount FROM sales AS s RIGHT JOIN returns AS r ON s.id = r.id AND s.amount > r.amount
--> int, decimal
--> [1, "1.00"]
--> [null, "100.00"]
--> [null, "7.00"]
--> [null, null]

-- FULL JOIN by another condition.
SELECT s.id, r.line FROM sales AS s FULL JOIN returns AS r ON s.id > r.id
--> int, int
--> [1, null]
--> [2, 0]
--> [3, 0]
--> [4, 0]
--> [4, 1]
--> [4, 2]
--> [5, 0]
--> [5, 1]
--> [5, 2]
--> [6, 0]
--> [6, 1]
--> [6, 2]
--> [null, 3]

-- FULL JOIN by an equality and a condition of one side.
SELECT s.id, r.line FROM sales AS s FULL JOIN returns AS r ON s.id = r.id AND s.paid
--> int, int
--> [1, 0]
--> [2, null]
--> [3, null]
--> [4, null]
--> [5, null]
--> [6, null]
--> [null, 1]
--> [null, 2]
--> [null, 3]

-- A mean over an order runs.
SELECT id, AVG(x) OVER (PARTITION BY c ORDER BY id) AS mean FROM sales
--> int, double
--> [1, 1.0]
--> [2, 1.5]
--> [3, 4.0]
--> [4, 4.0]
--> [5, 6.0]
--> [6, 16.0]

-- Per cent of the total, of groups.
SELECT c, COUNT(*) * 100.0 / SUM(COUNT(*)) OVER () AS share FROM sales GROUP BY c
--> text, double
--> ["a", 33.333333333333336]
--> ["b", 50.0]
--> [null, 16.666666666666668]

-- IS NOT TRUE holds for null.
SELECT id FROM sales WHERE paid IS NOT TRUE
--> int
--> [2]
--> [3]
--> [5]
--> [6]

-- IS FALSE does not.
SELECT id, paid IS FALSE AS a, paid IS NOT FALSE AS b, paid IS TRUE AS c, paid IS NULL AS d FROM sales
--> int, bool, bool, bool, bool
--> [1, false, true, true, false]
--> [2, true, false, false, false]
--> [3, false, true, false, true]
--> [4, false, true, true, false]
--> [5, true, false, false, false]
--> [6, false, true, false, true]

-- FULL JOIN USING has the key of either side.
SELECT id, s.amount AS sold, r.amount AS returned FROM sales AS s FULL JOIN returns AS r USING (id)
--> int, decimal, decimal
--> [1, "5.00", "1.00"]
--> [2, "12.50", null]
--> [3, "100.00", "100.00"]
--> [3, "100.00", null]
--> [4, "12.50", null]
--> [5, null, null]
--> [6, "0.10", null]
--> [9, null, "7.00"]

-- RIGHT JOIN USING has the key of the right side.
SELECT id, c FROM sales RIGHT JOIN returns USING (id)
--> int, text
--> [1, "a"]
--> [3, "b"]
--> [3, "b"]
--> [9, null]

-- FULL JOIN USING with a condition on the key.
SELECT id, c, why FROM sales FULL JOIN returns USING (id) WHERE id > 4
--> int, text, text
--> [5, "b", null]
--> [6, null, null]
--> [9, null, ""]

-- FULL JOIN USING, all columns.
SELECT * FROM (SELECT id, c FROM sales) AS s FULL JOIN (SELECT id, why FROM returns) AS r USING (id) ORDER BY id, why
--> int, text, text
--> [1, "a", "it's late"]
--> [2, "a", null]
--> [3, "b", "c:\\tmp"]
--> [3, "b", null]
--> [4, "b", null]
--> [5, "b", null]
--> [6, null, null]
--> [9, null, ""]

-- The key of a FULL JOIN USING groups, orders and joins on.
SELECT id, COUNT(*) AS k FROM sales FULL JOIN returns USING (id) FULL JOIN (SELECT uid - 92 AS id FROM u) AS z USING (id) GROUP BY id HAVING id < 11
--> or refused: (?i)More than one
--> int, int
--> [1, 1]
--> [10, 1]
--> [2, 1]
--> [3, 2]
--> [4, 1]
--> [5, 1]
--> [6, 1]
--> [8, 1]
--> [9, 1]

-- A decimal beside a text in quotes is compared as a number.
SELECT id, amount FROM sales WHERE amount > '10'
--> int, decimal
--> [2, "12.50"]
--> [3, "100.00"]
--> [4, "12.50"]

-- A decimal divided has places.
SELECT id, amount / 1000 AS thousandth FROM sales
--> int, double
--> [1, 0.005]
--> [2, 0.0125]
--> [3, 0.1]
--> [4, 0.0125]
--> [5, null]
--> [6, 0.0001]

-- Two decimals divided have places.
SELECT s.id, r.amount / s.amount AS share FROM sales AS s JOIN returns AS r USING (id)
--> int, double
--> [1, 0.2]
--> [3, 1.0]
--> [3, null]

-- Whole numbers divided have places.
SELECT id, id / 2 AS half, 7 / 2 AS a, -7 / 2 AS b FROM sales
--> int, double, double, double
--> [1, 0.5, 3.5, -3.5]
--> [2, 1.0, 3.5, -3.5]
--> [3, 1.5, 3.5, -3.5]
--> [4, 2.0, 3.5, -3.5]
--> [5, 2.5, 3.5, -3.5]
--> [6, 3.0, 3.5, -3.5]

-- What is left of a division has the sign of what is divided.
SELECT 7 % 3 AS a, -7 % 3 AS b, 7 % -3 AS c, 5.5 % 2 AS d
--> int, int, int, decimal
--> [1, -1, 1, "1.5"]

-- Divided by nothing is null.
SELECT id, 1 / (id - 1) AS q, 5 % (id - 1) AS r FROM sales
-- DuckDB: SELECT id, 1 / NULLIF(id - 1, 0) AS q, 5 % NULLIF(id - 1, 0) AS r FROM sales
--> int, double, int
--> [1, null, null]
--> [2, 1.0, 0]
--> [3, 0.5, 1]
--> [4, 0.3333333333333333, 2]
--> [5, 0.25, 1]
--> [6, 0.2, 0]

-- Different decimals.
SELECT DISTINCT amount FROM sales
--> decimal
--> ["0.10"]
--> ["100.00"]
--> ["12.50"]
--> ["5.00"]
--> [null]

-- A group by decimals of mixed scales: 1.1 and 1.10 are one.
SELECT d, COUNT(*) AS k FROM t GROUP BY d
--> decimal, int
--> ["-0.50", 4]
--> ["-999999999.99", 3]
--> ["0.00", 3]
--> ["0.05", 3]
--> ["1.10", 8]
--> ["10.00", 4]
--> ["2.25", 4]
--> ["999999999.99", 3]
--> [null, 4]

-- Decimals of unlike places are joined.
SELECT COUNT(*) AS k FROM t JOIN u ON t.d = u.d
--> int
--> [56]

-- A decimal is what was typed.
SELECT id, amount = 0.1 AS same, amount + 0.05 AS more, amount * 1.19 AS gross FROM sales
--> int, bool, decimal, decimal
--> [1, false, "5.05", "5.9500"]
--> [2, false, "12.55", "14.8750"]
--> [3, false, "100.05", "119.0000"]
--> [4, false, "12.55", "14.8750"]
--> [5, null, null, null]
--> [6, true, "0.15", "0.1190"]

-- The mean of decimals is a double.
SELECT AVG(amount) AS mean, SUM(amount) AS s, MEDIAN(n) AS mid FROM sales
--> double, decimal, double
--> [26.02, "130.10", 2000000000.0]

-- A frame of rows.
SELECT id, SUM(x) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s FROM sales
--> int, double
--> [1, 3.0]
--> [2, 7.0]
--> [3, 6.0]
--> [4, 12.0]
--> [5, 24.0]
--> [6, 24.0]

-- A frame of a range.
SELECT id, COUNT(*) OVER (ORDER BY n RANGE BETWEEN 10 PRECEDING AND CURRENT ROW) AS k FROM sales
--> int, int
--> [1, 3]
--> [2, 3]
--> [3, 3]
--> [4, 2]
--> [5, 1]
--> [6, 1]

-- A frame that moves past NaN, infinity and 1E300 forgets them.
SELECT id, SUM(y) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM t
--> int, double
--> [1, "nan"]
--> [10, -2.4]
--> [11, "nan"]
--> [12, "nan"]
--> [13, "nan"]
--> [14, "nan"]
--> [15, "-inf"]
--> [16, 1e+300]
--> [17, 1e+300]
--> [18, 0.0]
--> [19, 0.0]
--> [2, "nan"]
--> [20, -2.5]
--> [21, -2.4]
--> [22, "nan"]
--> [23, "nan"]
--> [24, "nan"]
--> [25, "nan"]
--> [26, "-inf"]
--> [27, 1e+300]
--> [28, 1e+300]
--> [29, 0.0]
--> [3, "nan"]
--> [30, 0.0]
--> [31, -2.5]
--> [32, -2.4]
--> [33, "nan"]
--> [34, "nan"]
--> [35, "nan"]
--> [36, "nan"]
--> [4, "-inf"]
--> [5, 1e+300]
--> [6, 1e+300]
--> [7, 0.0]
--> [8, 0.0]
--> [9, -2.5]

-- Scalar subqueries, of all and of what belongs together.
SELECT id, x - (SELECT AVG(x) FROM sales) AS off, (SELECT SUM(amount) FROM returns AS r WHERE r.id = s.id) AS back FROM sales AS s
--> int, double, decimal
--> [1, -5.2, "1.00"]
--> [2, -4.2, null]
--> [3, -2.2, "100.00"]
--> [4, null, null]
--> [5, 1.7999999999999998, null]
--> [6, 9.8, null]

-- A count of what is not there is nothing, and not null.
SELECT id, (SELECT COUNT(*) FROM returns AS r WHERE r.id = s.id) AS k FROM sales AS s
--> int, int
--> [1, 1]
--> [2, 0]
--> [3, 2]
--> [4, 0]
--> [5, 0]
--> [6, 0]

-- A subquery that is tied by another comparison than an equality.
SELECT id, (SELECT COUNT(*) FROM sales AS o WHERE o.x < s.x) AS below FROM sales AS s
--> or refused: (?i)subquery
--> int, int
--> [1, 0]
--> [2, 1]
--> [3, 2]
--> [4, 0]
--> [5, 3]
--> [6, 4]

-- EXISTS with two equalities.
SELECT id FROM sales AS s WHERE EXISTS (SELECT 1 FROM returns AS r WHERE r.id = s.id AND r.amount = s.amount)
--> int
--> [3]

-- NOT EXISTS.
SELECT id FROM sales AS s WHERE NOT EXISTS (SELECT 1 FROM returns AS r WHERE r.id = s.id AND r.amount < s.amount)
--> int
--> [2]
--> [3]
--> [4]
--> [5]
--> [6]

-- NOT IN of a list with null holds nowhere.
SELECT id FROM sales WHERE amount NOT IN (SELECT amount FROM returns)
--> int

-- NOT IN of what belongs together: null there is of its own rows.
SELECT id FROM sales AS s WHERE s.amount NOT IN (SELECT r.amount FROM returns AS r WHERE r.id = s.id)
--> or refused: (?i)NOT IN
--> int
--> [1]
--> [2]
--> [4]
--> [5]
--> [6]

-- NOT IN tied by a column that is null.
SELECT id FROM t WHERE 1 NOT IN (SELECT 1 FROM u WHERE u.day = t.day)
--> or refused: (?i)NOT IN
--> int
--> [11]
--> [12]
--> [14]
--> [16]
--> [19]
--> [20]
--> [22]
--> [24]
--> [27]
--> [28]
--> [3]
--> [30]
--> [32]
--> [35]
--> [36]
--> [4]
--> [6]
--> [8]

-- IN and NOT IN beside null.
SELECT id, n IN (5, NULL) AS a, n NOT IN (5, NULL) AS b, NULL IN (1) AS c FROM sales
--> int, bool, bool, bool
--> [1, null, null, null]
--> [2, null, null, null]
--> [3, null, null, null]
--> [4, true, false, null]
--> [5, null, null, null]
--> [6, null, null, null]

-- NTILE.
SELECT id, NTILE(4) OVER (ORDER BY id) AS quarter FROM sales
--> int, int
--> [1, 1]
--> [2, 1]
--> [3, 2]
--> [4, 2]
--> [5, 3]
--> [6, 4]

-- Ranks of what is alike.
SELECT id, RANK() OVER (ORDER BY amount) AS r, DENSE_RANK() OVER (ORDER BY amount DESC) AS d FROM sales
--> int, int, int
--> [1, 2, 3]
--> [2, 3, 2]
--> [3, 5, 1]
--> [4, 3, 2]
--> [5, 6, 5]
--> [6, 1, 4]

-- The row before, and one that is not there.
SELECT id, LAG(id) OVER (ORDER BY id) AS a, LEAD(id, 2, 0) OVER (ORDER BY id) AS b, LAST_VALUE(c) OVER (ORDER BY id) AS l FROM sales
--> int, int, int, text
--> [1, null, 3, "a"]
--> [2, 1, 4, "a"]
--> [3, 2, 5, "b"]
--> [4, 3, 6, "b"]
--> [5, 4, 0, "b"]
--> [6, 5, 0, null]

-- PERCENTILE_CONT.
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) AS mid, PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x) AS top FROM sales
--> double, double
--> [4.0, 12.8]

-- The median of whole numbers has places.
SELECT MEDIAN(id) AS mid FROM sales
--> double
--> [3.5]

-- YEAR() and its like.
SELECT id, YEAR(day) AS y, MONTH(day) AS m, DAY(day) AS d, HOUR(ts) AS h FROM sales
--> int, int, int, int, int
--> [1, 2024, 1, 31, 8]
--> [2, 2024, 2, 1, 9]
--> [3, 2024, 2, 1, 10]
--> [4, null, null, null, null]
--> [5, 2025, 1, 1, 0]
--> [6, 2025, 1, 1, 23]

-- UNNEST.
SELECT UNNEST([1, 2, 3]) AS n
--> int
--> [1]
--> [2]
--> [3]

-- CROSS JOIN UNNEST.
SELECT s.id, tag FROM sales AS s CROSS JOIN UNNEST(s.tags) AS z(tag)
--> or refused: (?i)UNNEST|subquery
--> int, text
--> [1, "it's"]
--> [1, "new"]
--> [3, "old"]
--> [5, "new"]
--> [5, "new"]

-- UNNEST beside columns.
SELECT id, UNNEST(tags) AS tag FROM sales
--> int, text
--> [1, "it's"]
--> [1, "new"]
--> [3, "old"]
--> [5, "new"]
--> [5, "new"]

-- Lists.
SELECT id, tags[1] AS first, CARDINALITY(tags) AS k FROM sales WHERE tags IS NOT NULL
-- DuckDB: SELECT id, tags[1] AS first, LEN(tags) AS k FROM sales WHERE tags IS NOT NULL
--> int, text, int
--> [1, "new", 2]
--> [3, "old", 1]
--> [5, "new", 2]

-- ROLLUP.
SELECT c, paid, COUNT(*) AS k, GROUPING(c) AS g FROM sales GROUP BY ROLLUP (c, paid)
--> text, bool, int, int
--> ["a", false, 1, 0]
--> ["a", null, 2, 0]
--> ["a", true, 1, 0]
--> ["b", false, 1, 0]
--> ["b", null, 1, 0]
--> ["b", null, 3, 0]
--> ["b", true, 1, 0]
--> [null, null, 1, 0]
--> [null, null, 1, 0]
--> [null, null, 6, 1]

-- CUBE.
SELECT c, paid, SUM(amount) AS s FROM sales GROUP BY CUBE (c, paid)
--> text, bool, decimal
--> ["a", false, "12.50"]
--> ["a", null, "17.50"]
--> ["a", true, "5.00"]
--> ["b", false, null]
--> ["b", null, "100.00"]
--> ["b", null, "112.50"]
--> ["b", true, "12.50"]
--> [null, false, "12.50"]
--> [null, null, "0.10"]
--> [null, null, "0.10"]
--> [null, null, "100.10"]
--> [null, null, "130.10"]
--> [null, true, "17.50"]

-- GROUPING SETS.
SELECT c, paid, COUNT(*) AS k FROM sales GROUP BY GROUPING SETS ((c), (paid), ())
--> text, bool, int
--> ["a", null, 2]
--> ["b", null, 3]
--> [null, false, 2]
--> [null, null, 1]
--> [null, null, 2]
--> [null, null, 6]
--> [null, true, 2]

-- Two aggregates without names.
SELECT MIN(x), MAX(x), COUNT(*), COUNT(*) FROM sales
--> double, double, int, int
--> [1.0, 16.0, 6, 6]

-- An order by a count.
SELECT c FROM sales GROUP BY c ORDER BY COUNT(*) DESC, c
--> text
--> ["a"]
--> ["b"]
--> [null]

-- An order by what is not shown, nulls last both ways.
SELECT id FROM sales ORDER BY amount DESC, id
--> int
--> [3]
--> [2]
--> [4]
--> [1]
--> [6]
--> [5]

-- Nulls come last.
SELECT id FROM sales ORDER BY c, id DESC
--> int
--> [2]
--> [1]
--> [5]
--> [4]
--> [3]
--> [6]

-- IS DISTINCT FROM binds tighter than AND.
SELECT id FROM sales WHERE paid IS DISTINCT FROM TRUE AND n > 0
--> int
--> [2]
--> [3]

-- IS NOT DISTINCT FROM and OR.
SELECT id, c IS NOT DISTINCT FROM NULL OR paid AS a, n IS DISTINCT FROM 5 AND x > 1 AS b FROM sales
--> int, bool, bool
--> [1, true, false]
--> [2, false, true]
--> [3, null, true]
--> [4, true, false]
--> [5, false, true]
--> [6, true, true]

-- IS DISTINCT FROM in a join.
SELECT s.id, r.line FROM sales AS s JOIN returns AS r ON s.id = r.id AND s.amount IS NOT DISTINCT FROM r.amount
--> int, int
--> [3, 1]

-- PIVOT, by hand.
SELECT c, SUM(x) FILTER (WHERE paid) AS yes, SUM(CASE WHEN paid THEN 0 ELSE x END) AS no FROM sales GROUP BY c
--> text, double, double
--> ["a", 1.0, 2.0]
--> ["b", null, 12.0]
--> [null, null, 16.0]

-- Recursion.
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n
--> int
--> [1]
--> [2]
--> [3]
--> [4]
--> [5]

-- A query of WITH that is read twice.
WITH w AS (SELECT c, SUM(amount) AS s FROM sales GROUP BY c) SELECT a.c, b.s FROM w AS a LEFT JOIN w AS b ON a.s > b.s
--> text, decimal
--> ["a", "0.10"]
--> ["b", "0.10"]
--> ["b", "17.50"]
--> [null, null]

-- Sets that count.
SELECT c FROM sales INTERSECT ALL SELECT g FROM t WHERE id < 4
--> or refused: (?i)EXCEPT ALL|INTERSECT ALL
--> text
--> ["a"]
--> ["a"]
--> ["b"]

-- Sets that count what is taken away.
SELECT c FROM sales EXCEPT ALL SELECT c FROM sales WHERE id IN (1, 3)
--> or refused: (?i)EXCEPT ALL|INTERSECT ALL
--> text
--> ["a"]
--> ["b"]
--> ["b"]
--> [null]

-- A set has NaN once.
SELECT y FROM t WHERE id IN (1, 11) UNION SELECT -y FROM t WHERE id IN (1, 2)
--> double
--> ["-inf"]
--> ["nan"]

-- Sets of unlike decimals.
SELECT d FROM t UNION SELECT d FROM u
--> decimal
--> ["-0.500"]
--> ["-999999999.990"]
--> ["0.000"]
--> ["0.001"]
--> ["0.050"]
--> ["1.100"]
--> ["10.000"]
--> ["2.250"]
--> ["3.000"]
--> ["999999999.990"]
--> [null]

-- Quotes doubled twice.
SELECT 'a''''b' AS q, LENGTH('a''''b') AS k, 'it''s' = 'it' || '''' || 's' AS same
--> text, int, bool
--> ["a''b", 4, true]

-- Backslashes are themselves.
SELECT line, why = 'c:\tmp' AS same, LENGTH('\n') AS k FROM returns
--> int, bool, int
--> [0, false, 2]
--> [1, true, 2]
--> [2, null, 2]
--> [3, false, 2]

-- Text that looks like a comment.
SELECT '-- x' AS a, '/* y' AS b, 'a;b' AS c
--> text, text, text
--> ["-- x", "/* y", "a;b"]

-- A parameter is its value.
-- :why = 'it''s late'
SELECT line FROM returns WHERE why = :why
-- DuckDB: SELECT line FROM returns WHERE why = 'it''s late'
--> int
--> [0]

-- A parameter with what would be SQL.
-- :why = '\'' OR 1=1 --'
SELECT line FROM returns WHERE why = :why
-- DuckDB: SELECT line FROM returns WHERE why = '\'' OR 1=1 --'
--> int

-- A parameter that is a number.
-- :least = 12.5
SELECT id FROM sales WHERE amount >= :least
-- DuckDB: SELECT id FROM sales WHERE amount >= 12.5
--> int
--> [2]
--> [3]
--> [4]

-- A timestamp beside a date, its own form, and ISO's.
SELECT id FROM sales WHERE ts = '2024-02-01 09:30:00.000+0000' OR ts = '2024-02-01T10:00:00Z' OR ts < DATE '2024-02-01'
-- DuckDB: SELECT id FROM sales WHERE ts IN (TIMESTAMP '2024-02-01 09:30:00', TIMESTAMP '2024-02-01 10:00:00') OR ts < DATE '2024-02-01'
--> int
--> [1]
--> [2]
--> [3]

-- Months, and parts of times.
SELECT id, DATE_TRUNC('month', ts) AS m, EXTRACT(DOW FROM ts) AS d, EXTRACT(HOUR FROM ts) AS h, ts + INTERVAL '1 month' AS later FROM sales
--> int, timestamp, int, int, timestamp
--> [1, "2024-01-01T00:00:00", 3, 8, "2024-02-29T08:00:00"]
--> [2, "2024-02-01T00:00:00", 4, 9, "2024-03-01T09:30:00"]
--> [3, "2024-02-01T00:00:00", 4, 10, "2024-03-01T10:00:00"]
--> [4, null, null, null, null]
--> [5, "2025-01-01T00:00:00", 3, 0, "2025-02-01T00:00:00"]
--> [6, "2025-01-01T00:00:00", 3, 23, "2025-02-01T23:59:59.999000"]

-- A date is the day's begin, and keeps the hours that are added.
SELECT id, day + INTERVAL '1 hour' AS t, day + INTERVAL '1 day' AS d FROM sales
--> int, timestamp, timestamp
--> [1, "2024-01-31T01:00:00", "2024-02-01T00:00:00"]
--> [2, "2024-02-01T01:00:00", "2024-02-02T00:00:00"]
--> [3, "2024-02-01T01:00:00", "2024-02-02T00:00:00"]
--> [4, null, null]
--> [5, "2025-01-01T01:00:00", "2025-01-02T00:00:00"]
--> [6, "2025-01-01T01:00:00", "2025-01-02T00:00:00"]

-- Days between dates.
SELECT id, day - DATE '2024-01-01' AS days FROM sales
--> int, int
--> [1, 30]
--> [2, 31]
--> [3, 31]
--> [4, null]
--> [5, 366]
--> [6, 366]

-- Zero has no sign.
SELECT id, y = 0 AS zero, NULLIF(y, 0) AS n FROM t WHERE id IN (7, 8)
--> int, bool, double
--> [7, true, null]
--> [8, true, null]

-- Zeros are one group.
SELECT y, COUNT(*) AS k FROM t WHERE id IN (7, 8) GROUP BY y
--> double, int
--> [-0.0, 2]

-- Zeros are one key.
SELECT COUNT(*) AS k FROM t AS a JOIN t AS b ON a.y = b.y WHERE a.id = 7 AND b.id = 8
--> int
--> [1]

-- NaN is one value and the greatest, whatever its sign.
SELECT id, y, y * 0 = 'NaN' AS a, -y > 1 AS b FROM t WHERE id < 12 ORDER BY -y DESC, id
-- DuckDB: SELECT id, y, y * 0 = 'NaN'::DOUBLE AS a, -y > 1 AS b FROM t WHERE id < 12 ORDER BY -y DESC, id
--> int, double, bool, bool
--> [1, "nan", true, true]
--> [11, "nan", true, true]
--> [3, "-inf", true, true]
--> [9, -2.5, false, true]
--> [7, -0.0, false, false]
--> [8, 0.0, false, false]
--> [4, 0.1, false, false]
--> [10, 0.1, false, false]
--> [5, 1e+300, false, false]
--> [2, "inf", true, false]
--> [6, null, null, null]

-- A bigint beside a double that is next to it.
SELECT id FROM t WHERE b = 9007199254740993
--> int
--> [1]
--> [11]
--> [21]
--> [31]

-- The mean of the greatest numbers.
SELECT AVG(b) AS mean FROM t WHERE b > 9000000000000000000 OR b < -9000000000000000000
--> double
--> [1.3176245766935393e+18]

-- A number with places becomes the nearest whole one.
SELECT CAST(2.5 AS BIGINT) AS a, CAST(-2.5 AS BIGINT) AS b, CAST(ROUND(x) AS BIGINT) AS c FROM sales
--> int, int, int
--> [3, -3, 1]
--> [3, -3, 16]
--> [3, -3, 2]
--> [3, -3, 4]
--> [3, -3, 8]
--> [3, -3, null]

-- Half goes away from zero.
SELECT ROUND(2.5) AS a, ROUND(-2.5) AS b, ROUND(2.345, 2) AS c, ROUND(CAST(0.5 AS DOUBLE)) AS d
--> decimal, decimal, decimal, double
--> ["3", "-3", "2.35", 1.0]

-- LIKE has no escape but one that is named.
SELECT id FROM t WHERE id < 19 AND (w LIKE '%\%' OR w LIKE 'a!_b' ESCAPE '!')
--> int
--> [10]
--> [16]
--> [4]

-- PIVOT is refused with another way.
SELECT * FROM sales PIVOT (SUM(x) FOR c IN ('a', 'b'))
--> refused: PIVOT

-- A text beside a number.
SELECT id FROM t WHERE w = 10
--> refused: (?i)text

-- Text as a number, and what is none.
SELECT id, TRY_CAST(w AS BIGINT) AS n FROM t WHERE id < 19
--> int, int
--> [1, null]
--> [10, null]
--> [11, null]
--> [12, null]
--> [13, 10]
--> [14, 9]
--> [15, null]
--> [16, null]
--> [17, null]
--> [18, null]
--> [2, null]
--> [3, null]
--> [4, null]
--> [5, null]
--> [6, null]
--> [7, null]
--> [8, null]
--> [9, null]

-- A double beside a decimal stays a double.
SELECT id, y > 0.05 AS a, COALESCE(y, 0.5) AS b, CASE WHEN id < 4 THEN y ELSE 0.5 END AS c, y IN (0.1, 0.5) AS d, y BETWEEN -3.0 AND 0.1 AS e FROM t WHERE id < 12
--> int, bool, double, double, bool, bool
--> [1, true, "nan", "nan", false, false]
--> [10, true, 0.1, 0.5, true, true]
--> [11, true, "nan", 0.5, false, false]
--> [2, true, "inf", "inf", false, false]
--> [3, false, "-inf", "-inf", false, false]
--> [4, true, 0.1, 0.5, true, true]
--> [5, true, 1e+300, 0.5, false, false]
--> [6, null, 0.5, 0.5, null, null]
--> [7, false, -0.0, 0.5, false, true]
--> [8, false, 0.0, 0.5, false, true]
--> [9, false, -2.5, 0.5, false, true]

-- However small.
SELECT CAST('1e-20' AS DOUBLE) > 0.0 AS a, NULLIF(CAST('1e-20' AS DOUBLE), 0.0) AS b, GREATEST(CAST('1e-20' AS DOUBLE), 0.0) AS c
--> bool, double, double
--> [true, 1e-20, 1e-20]

-- Doubles and decimals in one set.
SELECT y FROM t WHERE id < 5 UNION ALL SELECT 0.5
--> double
--> ["-inf"]
--> [0.1]
--> [0.5]
--> ["inf"]
--> ["nan"]

-- NOT IN beside OR knows of null.
SELECT uid FROM u WHERE o OR uid NOT IN (SELECT s FROM t)
--> or refused: (?i)NOT IN
--> int
--> [101]
--> [105]
--> [109]
--> [113]
--> [117]

-- NOT IN of a constant knows of null.
SELECT uid FROM u WHERE 'nowhere' NOT IN (SELECT w FROM t)
--> or refused: (?i)NOT IN
--> int

-- NOT IN of nothing holds, for null too.
SELECT id FROM t WHERE w NOT IN (SELECT w FROM u WHERE 'a' < t.w)
--> or refused: (?i)NOT IN
--> int
--> [12]
--> [13]
--> [14]
--> [15]
--> [17]
--> [18]
--> [2]
--> [20]
--> [23]
--> [24]
--> [27]
--> [30]
--> [31]
--> [32]
--> [33]
--> [35]
--> [36]
--> [5]
--> [6]
--> [9]

-- IN as a value is null where it is not known.
SELECT id, n IN (SELECT n FROM u) AS a, n NOT IN (SELECT n FROM u WHERE n IS NOT NULL) AS b FROM t WHERE id < 13
--> or refused: (?i)\bIN\b
--> int, bool, bool
--> [1, true, false]
--> [10, true, false]
--> [11, null, true]
--> [12, true, false]
--> [2, true, false]
--> [3, null, null]
--> [4, true, false]
--> [5, true, false]
--> [6, null, true]
--> [7, null, true]
--> [8, null, true]
--> [9, null, true]

-- A condition on what was counted is of what was counted.
SELECT 1 AS a FROM (SELECT 1 AS c, COUNT(*) AS k FROM v) AS r WHERE r.c = 2
--> int

-- A count that nothing joins is null.
SELECT r.id, k FROM returns AS r LEFT JOIN (SELECT COUNT(*) AS k FROM u) AS z ON FALSE
--> int, int
--> [1, null]
--> [3, null]
--> [3, null]
--> [9, null]

-- A constant that was not joined is null, and stands last.
SELECT id, c FROM (SELECT * FROM t WHERE id < 8) AS a LEFT JOIN (SELECT 1 AS c) AS z ON a.o ORDER BY c, id
--> int, int
--> [1, 1]
--> [4, 1]
--> [7, 1]
--> [2, null]
--> [3, null]
--> [5, null]
--> [6, null]

-- A flag of a LEFT JOIN orders what was not joined behind what was.
SELECT t.id, flag FROM t LEFT JOIN (SELECT id, 'yes' AS flag FROM t WHERE id IN (9, 12)) AS f ON t.id = f.id ORDER BY flag, t.id LIMIT 4
--> int, text
--> [9, "yes"]
--> [12, "yes"]
--> [1, null]
--> [2, null]

-- And ranks it.
SELECT t.id, ROW_NUMBER() OVER (ORDER BY z.n, t.id) AS r FROM (SELECT n, id FROM t WHERE n = 0) AS z RIGHT JOIN t ON t.id = z.id WHERE t.id < 12
--> int, int
--> [1, 2]
--> [10, 10]
--> [11, 11]
--> [2, 3]
--> [3, 4]
--> [4, 5]
--> [5, 6]
--> [6, 7]
--> [7, 8]
--> [8, 9]
--> [9, 1]

-- A rounded decimal has the places that its type says.
SELECT SUM(COALESCE(z.r, 0.5)) AS s, MAX(CASE WHEN z.r IS NULL THEN 0.25 ELSE z.r END) AS m FROM u LEFT JOIN (SELECT ROUND(m, 2) AS r FROM t) AS z ON u.w = 'a'
--> decimal, decimal
--> ["10.00", "0.25"]
