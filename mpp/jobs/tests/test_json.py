"""Files of JSON objects: as strict as CSV, nothing lost on the way."""

import pytest
from tarn_jobs.errors import JobFailed

COLUMNS = {
    "id": "bigint!",
    "name": "string",
    "price": "double",
    "amount": "decimal(38,18)",
    "ok": "boolean",
    "at": "timestamp",
}
ALL = '"name":null,"price":null,"amount":null,"ok":null,"at":null'


@pytest.fixture
def events(pipeline):
    pipeline.define("events", COLUMNS, ["id"], format="json")
    return pipeline


def test_values_and_reasons(events):
    digits = "12345678901234567890.123456789012345678"
    good = [
        '{"id":1,"name":"a \\u00e9 \\" 1.50","price":1.5,"amount":' + digits + ',"ok":true,'
        '"at":"2024-01-31T10:00:00Z"}',
        # Text looks like its type as well as a number does; fields have no order.
        '\ufeff { "amount":"-0.50", "id":"9000000000", "price":"1e3", "ok":"FALSE", "name":"" } ',
        # What is not a scalar stays JSON, each digit of it.
        '{"id":3,"name":{"b": [1.10, "x 2.50", 1e999, null]},"price":-2}\r',
        '{"id":4,"name":1.10}',
        '{"id":5,"name":false}',
    ]
    bad = {
        '{"id":1.0}': "column id: '1.0' is not a bigint",
        '{"id":10,"price":"abc"}': "column price: 'abc' is not a double",
        '{"id":11,"price":1e999}': "column price: '1e999' is not a double",
        '{"id":12,"price":true}': "column price: 'true' is not a double",
        '{"id":13,"ok":1}': "column ok: '1' is not a boolean",
        '{"id":14,"at":1706695200}': "column at: '1706695200' is not a timestamp",
        '{"id":15,"amount":1.1234567890123456789}': (
            "column amount: '1.1234567890123456789' is not a decimal(38,18)"
        ),
        '{"id":16,"price":""}': "column price: '' is not a double",
        '{"id":[17]}': "column id: '[17]' is not a bigint",
        '{"name":"no key"}': "key column id: empty",
        '{"id":null,"name":"x"}': "key column id: empty",
        '{"id":18,"id":19}': "a field is there twice",
    } | {
        text: "not one JSON object"
        for text in (
            '{"id":20',
            '{"id":21} {"id":22}',
            '{"id":23},{"id":24}',
            '{"id":25}}',
            '{"id":26} trailing',
            "[1,2]",
            "27",
            "null",
            '"text"',
            "{'id':28}",
            '{"id":29,"price":NaN}',
            '{"id":030}',
            '{"id":31,"price":01.5}',
            '{"id":32,"price":1.}',
            "  ",
        )
    }
    events.put("events/a.json", "\n".join([*good, "", *bad]) + "\n")
    report = events.stage()["events"]
    assert events.reasons("events") == bad
    assert (report["read"], report["valid"]) == (len(good) + len(bad), len(good))
    assert report["files"] == 1 and report["bytes"] > 700
    rows = {
        row[0]: [None if v is None else str(v) for v in row[1:]] for row in events.rows("events")
    }
    assert rows == {
        1: ['a é " 1.50', "1.5", digits, "True", "2024-01-31 10:00:00"],
        9000000000: ["", "1000.0", "-0.500000000000000000", "False", None],
        3: ['{"b":[1.10,"x 2.50",1e999,null]}', "-2.0", None, None, None],
        4: ["1.10", None, None, None, None],
        5: ["false", None, None, None, None],
    }
    before = events.snapshots()
    assert events.stage()["events"]["unchanged"] == len(good)
    assert events.snapshots() == before


def test_bytes_that_are_not_utf8(events):
    events.put("events/a.json", b'{"id":1,' + ALL.encode() + b'}\n{"id":2,"name":"caf\xe9"}\n')
    assert events.stage()["events"]["valid"] == 1
    assert list(events.reasons("events").values()) == [
        "not valid UTF-8 (the record is kept here as Latin-1)"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{{"id":1,{ALL},"extra":1}}\n{{"id":2}}', "b.json: columns not expected: extra"),
        ('{"id":1}\n{"id":2,"name":"x"}', "b.json: columns missing: price, amount, ok, at"),
    ],
)
def test_fields_of_a_file_that_are_not_the_data_sets(events, text, message):
    events.put("events/a.json", f'{{"id":1,{ALL}}}')
    events.put("events/b.json", text)
    with pytest.raises(JobFailed, match=message):
        events.stage()
    evolution = {"new_columns": "ignore", "missing_columns": "null"}
    events.define("events", COLUMNS, ["id"], format="json", evolution=evolution)
    events.put("events/a.json", "")
    assert events.stage()["events"]["valid"] == 2


def test_a_file_without_a_required_field(events):
    evolution = {"new_columns": "ignore", "missing_columns": "null"}
    events.define(
        "events", COLUMNS | {"name": "string!"}, ["id"], format="json", evolution=evolution
    )
    events.put("events/a.json", '{"id":1}')
    with pytest.raises(JobFailed, match="columns missing: name"):
        events.stage()
