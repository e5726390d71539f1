"""Each kind of bad record goes to quarantine with its reason; nothing is lost, nothing twice."""

import pytest

COLUMNS = {"id": "int!", "name": "string!", "price": "double", "at": "timestamp"}
HEADER = "id,name,price,at\n"


@pytest.fixture
def orders(pipeline):
    pipeline.define("orders", COLUMNS, ["id"])
    return pipeline


def test_every_kind_of_bad_record(orders):
    bad = {
        "x1,bad int,1.5,NA": "column id: 'x1' is not an int",
        "2.0,fraction,1.5,NA": "column id: '2.0' is not an int",
        "3000000000,too large,1,NA": "column id: '3000000000' is not an int",
        " 3,space,1,NA": "column id: ' 3' is not an int",
        "4,bad double,1d,NA": "column price: '1d' is not a double",
        "5,infinite,1e999,NA": "column price: '1e999' is not a double",
        "6,bad time,1,yesterday": "column at: 'yesterday' is not a timestamp",
        "7,no such day,1,2013-02-30 00:00:00": (
            "column at: '2013-02-30 00:00:00' is not a timestamp"
        ),
        "8,NA,1,NA": "column name: required, but empty",
        "9,,1,NA": "column name: required, but empty",
        ",no key,1,NA": "key column id: empty",
        "y,,%d,z": (
            "column id: 'y' is not an int; column name: required, but empty; "
            "column price: '%d' is not a double; column at: 'z' is not a timestamp"
        ),
        "10,too few": "4 columns expected, 2 found",
        '11,"too, many",1,NA,more': "4 columns expected, 5 found",
        "   ": "4 columns expected, 1 found",
        "id,name,price,at": "the header line again",
    }
    good = "20,fine,-1.25e1,2013-01-31T10:00:00Z\n21,NaN,,\n"
    orders.put("orders/a.csv", HEADER + good + "\n".join(bad))
    report = orders.stage()["orders"]
    assert orders.reasons("orders") == bad
    assert [row[:3] for row in orders.rows("orders")] == [(20, "fine", -12.5), (21, "NaN", None)]
    assert (report["read"], report["valid"], report["quarantined"]) == (len(bad) + 2, 2, len(bad))
    rejected = orders.rejected("orders")[0]
    assert rejected.pipeline == "flights" and rejected.run_id == "wr_1"
    assert rejected.source_file.endswith("/raw/orders/a.csv")


def test_every_type_is_checked_exactly(pipeline):
    columns = {
        "id": "bigint",
        "amount": "decimal(6,2)",
        "on": "date",
        "ok": "boolean",
        "f": "float",
    }
    pipeline.define("typed", columns, ["id"])
    good = "1,1234.500,2012-02-29,TRUE,1.5\n9000000000,-.5,2013-12-31,false,2e3\n"
    bad = {
        "2,1.239,NA,NA,NA": "column amount: '1.239' is not a decimal(6,2)",
        "3,12345.67,NA,NA,NA": "column amount: '12345.67' is not a decimal(6,2)",
        "4,NA,2013-2-1,NA,NA": "column on: '2013-2-1' is not a date",
        "5,NA,NA,yes,NA": "column ok: 'yes' is not a boolean",
        "6,NA,NA,NA,1e39": "column f: '1e39' is not a float",
        "7,NA,NA,NA,NaN": "column f: 'NaN' is not a float",
        "9" * 100 + ",NA,NA,NA,NA": "column id: '" + "9" * 80 + "…' is not a bigint",
    }
    pipeline.put("typed/a.csv", "id,amount,on,ok,f\n" + good + "\n".join(bad) + "\n")
    pipeline.stage()
    assert pipeline.reasons("typed") == bad
    rows = [tuple(map(str, row)) for row in pipeline.rows("typed")]
    assert rows == [
        ("1", "1234.50", "2012-02-29", "True", "1.5"),
        ("9000000000", "-0.50", "2013-12-31", "False", "2000.0"),
    ]


def test_duplicate_keys_keep_the_first_by_file_then_text(orders):
    orders.put("orders/b.csv", HEADER + "1,first in b,1,NA\n2,b,1,NA\n")
    orders.put("orders/a.csv", HEADER + "1,y,1,NA\n1,x,1,NA\n")
    report = orders.stage()["orders"]
    assert orders.rows("orders") == [(1, "x", 1.0, None), (2, "b", 1.0, None)]
    assert (report["read"], report["valid"], report["quarantined"]) == (4, 2, 2)
    reasons = orders.reasons("orders")
    assert set(reasons) == {"1,y,1,NA", "1,first in b,1,NA"}
    for reason in reasons.values():
        assert reason.startswith("duplicate key (id=1): the record kept is in file:")
        assert reason.endswith("/orders/a.csv")


def test_the_same_line_again_is_one_row_each_time(orders):
    orders.put("orders/a.csv", HEADER + "1,a,1,NA\n" * 3 + "x,b,1,NA\n" * 2)
    report = orders.stage()["orders"]
    assert (report["read"], report["valid"], report["quarantined"]) == (5, 1, 4)
    found = [(row.raw_record, row.ordinal) for row in orders.rejected("orders")]
    assert found == [("1,a,1,NA", 1), ("1,a,1,NA", 2), ("x,b,1,NA", 1), ("x,b,1,NA", 2)]


def test_quarantine_is_written_once(orders):
    orders.put("orders/a.csv", HEADER + "x,b,1,NA\n" * 2)
    orders.stage()
    before = orders.snapshots()
    report = orders.stage()["orders"]
    assert report["quarantined"] == 2
    assert orders.snapshots() == before
    orders.put("orders/b.csv", HEADER + "x,b,1,NA\n")
    orders.stage()
    found = [(row.source_file[-5:], row.run_id) for row in orders.rejected("orders")]
    assert found == [("a.csv", "wr_1"), ("a.csv", "wr_1"), ("b.csv", "wr_3")]


def test_quoted_separators_quotes_and_line_ends(orders):
    text = (
        HEADER
        + '1,"a, b",1,NA\r\n'
        + '2,"say ""hi""",2,NA\r\n'
        + '3,"two\nlines, ""quoted""",3,NA\r\n'
        + '"x","bad\n\nline",4,NA\r\n'
        + "5,back\\slash,5,NA\r\n"
        + '6,7" pipe,6,NA\r\n'
        + "id,name,price,at\r\n"
        + '7,"never closed,7,NA\nto the end\n'
    )
    orders.put("orders/quoted.csv", text)
    orders.put("orders/plain.csv", HEADER + '8,"x, y",8,NA\n\n\r\n9,last line,9,NA')
    report = orders.stage()["orders"]
    assert [row[1] for row in orders.rows("orders")] == [
        "a, b",
        'say "hi"',
        'two\nlines, "quoted"',
        "back\\slash",
        '7" pipe',
        "x, y",
        "last line",
    ]
    reasons = orders.reasons("orders")
    assert reasons['"x","bad\n\nline",4,NA'] == "column id: 'x' is not an int"
    assert reasons["id,name,price,at"] == "the header line again"
    assert reasons['7,"never closed,7,NA\nto the end'].startswith("4 columns expected, ")
    assert (report["read"], report["quarantined"]) == (10, 3)


def test_bytes_that_are_not_utf8(orders):
    orders.put("orders/a.csv", HEADER.encode() + b"1,caf\xe9,1,NA\n2,caf\xc3\xa9,2,NA\n")
    orders.stage()
    assert [row[1] for row in orders.rows("orders")] == ["café"]
    assert orders.reasons("orders") == {
        "1,café,1,NA": "not valid UTF-8 (the record is kept here as Latin-1)"
    }


def test_files_without_records(orders):
    orders.put("orders/empty.csv", "")
    orders.put("orders/blank.csv", "\n\n")
    orders.put("orders/header.csv", HEADER)
    orders.put("orders/header_only_without_line_end.csv", HEADER.strip())
    orders.put("orders/_SUCCESS", "not data")
    report = orders.stage()["orders"]
    assert (report["read"], report["total"], report["error"]) == (0, 0, None)


def test_header_with_byte_order_mark_and_quotes(orders):
    orders.put("orders/a.csv", '\ufeff"id","name","price","at"\r\n1,a,1,NA\r\n')
    assert orders.stage()["orders"]["total"] == 1


def test_folders_and_strange_names_of_files(orders):
    orders.put("orders/2013/01/a b%20[1].csv", HEADER + '1,"two\nlines",1,NA\n')
    orders.put("orders/2013/02/a.csv", HEADER + "2,b,1,NA\n")
    assert orders.stage()["orders"]["total"] == 2
