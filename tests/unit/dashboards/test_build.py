"""What ships in the role grafana is what the code makes."""

from __future__ import annotations

from dashboards.house import build


def test_the_files_are_what_the_code_makes() -> None:
    assert [path.name for path in build.differing(build.files())] == [], "run bin/dashboards build"


def test_a_second_build_is_the_same() -> None:
    assert build.files() == build.files()
