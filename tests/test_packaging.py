"""What is installed and handed on: locked, with nobody's registry in it, and whole."""

import re
import subprocess
import sys
import tarfile
import tomllib
from email import message_from_bytes
from pathlib import Path

import pytest

from hatch_build import for_index_page

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def source_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the unpacked source archive of the project as it stands."""
    folder = tmp_path_factory.mktemp("sdist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.mark.parametrize(
    "name",
    [
        *("requirements.lock", "requirements-dev.lock", "requirements-embedded.lock"),
        "samples/cluster/requirements.txt",
    ],
)
def test_a_lock_names_versions_and_hashes_and_no_place(name: str) -> None:
    """Everything is pinned to a version and held to its hashes; where it comes from is the installer's matter."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.findall(r"^(?=[^\s#]).*(?:\n +--hash=.*)+", text, re.MULTILINE)

    assert len(entries) == len(re.findall(r"^[^\s#]", text, re.MULTILINE))
    assert [entry for entry in entries if not re.match(r"[a-z0-9._-]+==\S+ .*\\\n +--hash=sha256:", entry)] == []
    assert "://" not in text


def test_the_source_archive_has_what_its_readers_are_sent_to(source_archive: Path) -> None:
    """Every file that a page of the archive links to is in it, as are the licence and how to report a fault."""
    sent_to = {
        page.parent / link
        for page in source_archive.rglob("*.md")
        for link in re.findall(r"\]\((?!\w+:)([^)#]+)", page.read_text(encoding="utf-8"))
    }

    named = {source_archive / name for name in ("README.md", "SECURITY.md", "LICENSE", "CHANGELOG.md")}
    assert [str(path) for path in sent_to | named if not path.exists()] == []


def test_the_demo_works_in_the_source_archive(source_archive: Path) -> None:
    """``make demo`` finds everything that it needs there; the libraries are those that are installed here."""
    ended = subprocess.run(
        ["make", "demo", "--assume-old=.venv/.run", f"BIN={Path(sys.executable).parent}"],  # noqa: S607
        cwd=source_archive,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "input 25 = created 25 + rejected 0 + unknown 0 + unsent 0 + invalid 0" in ended.stdout, ended.stderr
    assert (source_archive / "requirements.lock").exists()


def test_links_of_the_readme_work_on_an_index_page(source_archive: Path) -> None:
    """The long description has no relative link: each leads to the repository where that is known, or is text."""
    described = message_from_bytes((source_archive / "PKG-INFO").read_bytes()).get_payload()

    assert "# WebChat provisioner" in str(described)
    assert re.findall(r"\]\((?!\w+:|#)[^)]*\)", str(described)) == []
    assert for_index_page("![a](b.svg) [c](d.md#e) [f](#g) [h](https://i)", "https://x/y") == (
        "![a](https://x/y/raw/HEAD/b.svg) [c](https://x/y/blob/HEAD/d.md#e) [f](#g) [h](https://i)"
    )


def test_whatever_an_input_may_need_is_in_the_plain_install() -> None:
    """Workbooks and zstd are read without an extra, by libraries that the project names and the lock holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    for library in ("openpyxl", "zstandard"):
        assert any(each.startswith(library) for each in project["dependencies"])
        assert re.search(rf"^{library}==", lock, re.MULTILINE)


def test_nobody_is_sent_to_an_index_for_this_program() -> None:
    """It is on none; somebody else could take the name there. ``pipx install .`` takes the source."""
    texts = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("provisioner/**/*.py"),
        *ROOT.glob("samples/**/*"),
    ]
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in texts
        if path.is_file() and path.suffix != ".xlsx"
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"install\b[^.;,()]*webchat-provisioner", line)
    ]

    assert found == []
