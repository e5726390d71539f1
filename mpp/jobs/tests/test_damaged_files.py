"""Files that somebody has damaged: one that cannot be read is named, nothing else is lost."""

import gzip

import pytest
from tarn_jobs.errors import JobFailed

COLUMNS = {"id": "int!", "name": "string"}
ROWS = 20_000


@pytest.fixture
def shop(pipeline):
    """Two data sets; the other one is whole."""
    pipeline.define("other", COLUMNS, ["id"])
    pipeline.put("other/a.csv", "id,name\n1,one\n")
    return pipeline


def csv(first=0):
    # Not the same text again and again, or the file is too small to have a middle.
    lines = (f"{key},{key * 7919 % 10007} {key * 104729 % 99991}" for key in range(ROWS))
    return ("id,name\n" + "\n".join(f"{first}{line}" for line in lines)).encode()


def truncated(content):
    return content[: len(content) * 2 // 3]


def overwritten(content):
    middle = len(content) // 2
    return content[:middle] + bytes(64) + content[middle + 64 :]


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def no_gzip(content):
    return b"\x00" + content[1:]


@pytest.mark.parametrize(
    ("damage", "form"),
    [
        (truncated, "csv"),
        (truncated, "json"),
        (overwritten, "csv"),
        (flipped, "csv"),
        (no_gzip, "csv"),
    ],
)
def test_a_damaged_gzip_file_is_named(shop, damage, form):
    shop.define("items", COLUMNS, ["id"], format=form)
    good, bad = csv(), csv(1)
    if form == "json":
        good, bad = (b'{"id": %d, "name": "n"}\n' % number * ROWS for number in (1, 2))
    shop.put(f"items/good.{form}.gz", gzip.compress(good))
    shop.put(f"items/bad%20 [1].{form}.gz", damage(gzip.compress(bad)))
    with pytest.raises(
        JobFailed, match=r"1 of 2 data sets failed: items: .*bad%20 \[1\]\S+ "
    ) as failure:
        shop.stage()
    assert "good" not in str(failure.value)
    assert shop.rows("other") == [(1, "one")]
    assert not shop.rejected("items")
    # With a whole file in its place nothing is missing.
    shop.put(f"items/bad%20 [1].{form}.gz", gzip.compress(bad))
    assert shop.stage()["items"]["read"] == 2 * ROWS


@pytest.mark.parametrize("damage", [overwritten, flipped])
def test_a_parquet_file_damaged_in_its_middle_is_named(shop, tmp_path, damage):
    shop.define("items", COLUMNS, ["id"], format="parquet")
    frame = shop.spark.range(ROWS).selectExpr(
        "CAST(id AS int) AS id", "concat(id * 7919 % 10007, ' ', id * 104729 % 99991) AS name"
    )
    frame.coalesce(1).write.parquet(str(tmp_path / "written"))
    (path,) = (tmp_path / "written").glob("*.parquet")
    shop.put("items/good.parquet", path.read_bytes())
    shop.put("items/bad.parquet", damage(path.read_bytes()))
    with pytest.raises(JobFailed, match=r"1 of 2 data sets failed: items: .*bad\.parquet "):
        shop.stage()
    assert shop.rows("other") == [(1, "one")]
