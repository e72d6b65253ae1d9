"""Data in, looked at, and out again."""

import bz2
import csv
import gzip
import urllib.parse
import zipfile

import pytest

SMALL = '''id,name,when,amount,flag
1,"a, b",2020-01-02,1.5,yes
2,"say ""x""",2021-03-04,,no
3,,2022-05-06,-2e3,yes
4,"a, b",2023-07-08,0.25,no
'''


def rows(frame):
    """The cells of a frame as text, header first."""
    import h2o

    return h2o.as_list(frame, use_pandas=False)


def test_import_guesses_types(client, write):
    frame = client.import_file(write("small.csv", SMALL))
    assert frame.shape == (4, 5)
    assert frame.types == {"id": "int", "name": "enum", "when": "time", "amount": "real", "flag": "enum"}
    assert frame["flag"].levels() == [["no", "yes"]]
    assert frame["amount"].isna().sum() == 1
    assert frame[2, "amount"] == -2000


@pytest.mark.parametrize("pack", ["plain", "gz", "bz2", "zip"])
def test_upload(client, tmp_path, pack):
    path = tmp_path / f"small.csv{'' if pack == 'plain' else '.' + pack}"
    content = SMALL.encode()
    if pack == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("small.csv", content)
    else:
        path.write_bytes({"plain": bytes, "gz": gzip.compress, "bz2": bz2.compress}[pack](content))
    frame = client.upload_file(str(path), destination_frame=f"up_{pack}")
    assert frame.frame_id == f"up_{pack}"
    assert frame.shape == (4, 5)
    assert frame[0, "name"] == "a, b"


def test_parse_as_asked(client, write):
    path = write("odd.txt", "1;x;2020-01-01\n2;y;NONE\n3;NONE;2020-01-03\n")
    frame = client.import_file(
        path,
        destination_frame="odd",
        header=-1,
        sep=";",
        col_names=["a", "b", "c"],
        col_types={"a": "enum", "b": "string"},
        na_strings=["NONE"],
    )
    assert frame.types == {"a": "enum", "b": "string", "c": "time"}
    assert [frame[name].isna().sum() for name in "abc"] == [0, 1, 1]
    skipped = client.import_file(path, header=-1, sep=";", skipped_columns=[1])
    assert skipped.ncol == 2


def test_many_files_are_one_frame(client, write, tmp_path):
    for i in range(3):
        write(f"parts/part-{i}.csv", "n,s\n" + "".join(f"{10 * i + k},{'pqr'[i]}\n" for k in range(10)))
    frame = client.import_file(str(tmp_path / "parts"))
    assert frame.shape == (30, 2)
    assert sorted(frame["s"].levels()[0]) == ["p", "q", "r"]
    assert frame["n"].sum() == sum(range(30))
    assert client.import_file(str(tmp_path / "parts"), pattern=".*-[12].csv").nrow == 20


def test_python_values(client):
    frame = client.H2OFrame([[1, "a"], [2, "b"], [None, "a"]], column_names=["n", "s"], column_types=["numeric", "enum"])
    assert frame.shape == (3, 2)
    assert frame["n"].isna().sum() == 1
    assert frame["s"].nlevels() == [2]


def test_views(client, table):
    assert table.nrow == 300
    assert table.columns == ["size", "colour", "weight", "late", "kind", "price"]
    assert table["colour"].isna().sum() > 0
    assert 0 <= table["size"].min() < table["size"].mean()[0] < table["size"].max() <= 10
    assert len(rows(table.head(5))) == 6
    assert rows(table[10:20, "size"])[1:] == rows(table[["size"]])[11:21]
    few = table[table["late"] == "yes", ["size", "price"]]
    assert few.ncol == 2
    assert 0 < few.nrow < 300
    assert few["price"].mean()[0] > table["price"].mean()[0]
    table.describe()
    quantiles = table["size"].quantile([0.1, 0.5, 0.9])
    assert quantiles[0, 1] < quantiles[1, 1] < quantiles[2, 1]
    assert client.get_frame("flowers.hex").nrow == 300


def test_change(client, table):
    table["double"] = table["size"] * 2
    assert table["double"].sum() == pytest.approx(2 * table["size"].sum())
    table["weight"] = table["weight"].asfactor()
    assert table.types["weight"] == "enum"
    both = table.rbind(table)
    assert both.nrow == 600
    train, test = table.split_frame(ratios=[0.75], seed=1)
    assert train.nrow + test.nrow == 300
    assert 190 < train.nrow < 260
    counts = rows(table["kind"].table())
    assert sum(int(float(row[1])) for row in counts[1:]) == 300


def test_download_and_export(client, table, tmp_path):
    out = tmp_path / "down.csv"
    client.download_csv(table, str(out))
    with open(out, newline="") as file:
        cells = list(csv.reader(file))
    assert cells[0] == table.columns
    assert len(cells) == 301
    again = client.upload_file(str(out))
    assert again.types == table.types
    assert again["price"].sum() == pytest.approx(table["price"].sum())

    exported = tmp_path / "out" / "export.csv"
    exported.parent.mkdir()
    client.export_file(table, str(exported))
    assert len(exported.read_text().splitlines()) == 301
    with pytest.raises(Exception, match="already exists|exists"):
        client.export_file(table, str(exported))
    client.export_file(table, str(exported), force=True)


def test_delete(client, shared, table):
    assert "flowers.hex" in {row[0] for row in keys(client)}
    client.remove("flowers.hex")
    assert shared.rest("GET", "/3/Frames/flowers.hex")[0] == 404
    assert not list((shared.data / "frames").iterdir()), "a deleted frame leaves no file"


def test_remove_all(client, shared, table):
    client.remove_all()
    assert shared.rest("GET", "/3/Frames")[1]["frames"] == []


def keys(client):
    listing = client.ls()
    return listing.values.tolist() if hasattr(listing, "values") else [row if isinstance(row, list) else [row] for row in listing]


def test_awkward_keys(client, shared, write):
    path = write("small.csv", SMALL)
    names = {"a/b/c.hex", "a$b", "k" * 500, "with space", "ünï", "per%20cent", "quo'te\""}
    client.import_file(path, destination_frame="first")
    session = client.connection().session_id
    for name in names:
        escaped = name.replace('"', '\\"')
        status, answer = shared.rest("POST", "/99/Rapids", form={"ast": f'(assign "{escaped}" first)', "session_id": session})
        assert status == 200, answer
    client.remove("first")
    listed = {frame["frame_id"]["name"] for frame in shared.rest("GET", "/3/Frames")[1]["frames"]}
    assert listed == names
    for name in names:
        for safe in ("", "/"):  # with an escaped slash, and as the client sends it
            status, answer = shared.rest("GET", "/3/Frames/" + urllib.parse.quote(name, safe=safe))
            assert status == 200, answer
            assert answer["frames"][0]["rows"] == 4
    client.remove("a/b/c.hex")
    assert shared.rest("GET", "/3/Frames/a/b/c.hex")[0] == 404
