"""python -m engine.workspaces: a folder of files and the dashboards of a brand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.database.connect import open_database
from engine.workspaces import document
from engine.workspaces.__main__ import main
from tests.postgres import server
from tests.workspaces.boards import BRAND, OTHER_BRAND, WORKSPACE, widget

ROOT = Path(__file__).parents[2]


class Command:
    def __init__(self, folder, capsys):
        self.folder = folder
        self._capsys = capsys

    def __call__(self, command, *options, brand=BRAND):
        """The exit code, the lines of the output and those of the errors."""
        given = [command, str(self.folder), "--workspace", WORKSPACE, "--brand", brand, *options]
        code = main(given)
        told = self._capsys.readouterr()
        return code, told.out.splitlines(), told.err.splitlines()

    def write(self, name, text):
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)


@pytest.fixture
def database(request, tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path))
    engine = open_database(f"sqlite:///{tmp_path / 'vitrine.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def command(database, tmp_path, capsys):
    return Command(tmp_path / "boards", capsys)


def test_out_and_in_again(command, boards):
    made = boards.create(widget(), widget(x=6), description="d")
    boards.create(slug="zoo", name="Zoo")
    assert command("export") == (0, ["shop.yaml: written", "zoo.yaml: written"], [])
    assert command("export") == (0, ["shop.yaml: unchanged", "zoo.yaml: unchanged"], [])
    assert command("diff") == (0, [], [])
    assert command("apply") == (0, ["shop.yaml: unchanged", "zoo.yaml: unchanged"], [])
    assert boards.get(made) == made
    elsewhere = command("apply", brand=OTHER_BRAND)
    assert elsewhere == (0, ["shop.yaml: created", "zoo.yaml: created"], [])
    assert command("diff", brand=OTHER_BRAND) == (0, [], [])
    assert command("apply", brand=OTHER_BRAND)[1] == ["shop.yaml: unchanged", "zoo.yaml: unchanged"]


def test_a_change_goes_either_way(command, boards):
    made = boards.create(widget(title="Old"))
    command("export", "--format", "json")
    path = command.folder / "shop.json"
    path.write_text(path.read_text().replace('"Old"', '"New"'))
    code, lines, _ = command("diff")
    assert code == 1
    assert lines[:2] == ["--- brand/shop", "+++ folder/shop.json"]
    assert [line for line in lines[2:] if line[0] in "+-"] == ["-    title: Old", "+    title: New"]
    assert command("apply") == (0, ["shop.json: changed to version 2"], [])
    after = boards.get(made)
    assert (after.widgets[0].title, after.widgets[0].id) == ("New", made.widgets[0].id)
    assert command("apply") == (0, ["shop.json: unchanged"], [])
    boards.change(made, name="Renamed")
    assert command("export") == (0, ["shop.json: written"], [])
    assert json.loads(path.read_text())["name"] == "Renamed"
    assert sorted(one.name for one in command.folder.iterdir()) == ["shop.json"]


def test_a_file_written_by_hand_is_applied_once(command, boards):
    by_hand = {"slug": "shop", "name": "Shop", "widgets": [widget(), widget(x=6)]}
    command.write("any.yml", json.dumps(by_hand))
    code, lines, _ = command("diff")
    assert (code, lines[:2]) == (1, ["--- /dev/null", "+++ folder/any.yml"])
    assert boards.store.list(*boards.scope, "") == []
    assert command("apply") == (0, ["any.yml: created"], [])
    assert command("apply") == (0, ["any.yml: unchanged"], [])
    assert command("diff") == (0, [], [])


def test_one_bad_file_and_nothing_is_applied(command, boards):
    made = boards.create(widget())
    command("export")
    good = document.write(boards.get(made)).replace("Sales", "Sold")
    command.write("a.yaml", good)
    command.write("b.yaml", "slug: b\nname: B\nwidgets: [{}]\n")
    command.write("c.json", "{")
    (command.folder / "d.yaml").write_bytes(b"\xff")
    command.write("shop.txt", "not looked at")
    for name, code in (("apply", 1), ("diff", 1)):
        answer, _, errors = command(name)
        assert answer == code
        for told in (
            "b.yaml: widgets[0].widget_type is required",
            "b.yaml: widgets[0].config is required",
            "c.json: document is not valid JSON",
            "d.yaml: cannot be read as UTF-8 text",
            "shop.yaml: slug shop is also that of a.yaml",
        ):
            assert any(line.startswith(told) for line in errors), (told, errors)
        assert ("nothing was applied: all files have to be good" in errors) == (name == "apply")
    assert boards.get(made) == made


def test_dashboards_without_a_file_stay(command, boards):
    made = boards.create(widget())
    command.write("zoo.yaml", "slug: zoo\nname: Zoo\nwidgets: []\n")
    assert command("apply") == (0, ["zoo.yaml: created"], [])
    assert command("diff") == (1, ["shop: not in the folder"], [])
    assert boards.get(made) == made


def test_what_cannot_be_begun(command, monkeypatch):
    assert command("apply")[0] == 2
    assert command("diff")[2] == [f"{command.folder} is not a folder; export makes one."]
    assert "is not a UUID" in command("export", brand="x")[2][0]
    monkeypatch.setenv("VITRINE_DATABASE_URL", server().url(database="never_made"))
    code, _, errors = command("export")
    assert (code, len(errors)) == (1, 1)


def test_it_is_a_command(command, boards):
    boards.create(widget())
    words = [sys.executable, "-m", "engine.workspaces", "export", str(command.folder)]
    run = subprocess.run(
        [*words, "--workspace", WORKSPACE, "--brand", BRAND],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "shop.yaml: written\n", "")
