"""What active checks print, and the directory that they leave it in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from slurm_observability.health.active import dcgm_diag, nccl
from slurm_observability.health.active.result import Result
from slurm_observability.health.active.results import MAX_FILES, Run, runs
from slurm_observability.health.metrics import of_active_checks
from slurm_observability.metrics.exposition import render

SAMPLES = Path(__file__).parent / "samples"
NOW = 1_795_000_000.0


def sample(name: str) -> str:
    return (SAMPLES / name).read_text()


def test_nccl_tells_the_bus_bandwidth():
    assert list(nccl.read("x", sample("nccl.txt"))) == [Result("x", True, {"GBps": 481.51})]


def test_rccl_with_wrong_values_failed():
    assert list(nccl.read("x", sample("rccl.txt"))) == [Result("x", False, {"GBps": 300.65})]


@pytest.mark.parametrize(("verdict", "success"), [("OK", True), ("FAILED", False)])
def test_a_bar_of_nccls_own_counts(verdict: str, success: bool):
    text = sample("nccl.txt").replace(": 481.51", f": 481.51 {verdict}")
    assert [result.success for result in nccl.read("x", text)] == [success]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "srun: error: gpu-1: task 0: Segmentation fault",
        sample("nccl.txt").partition("# Avg")[0],
        sample("nccl.txt").replace("# Out of bounds values : 0 OK\n", ""),
        sample("nccl.txt").replace("481.51", "nan"),
        sample("nccl.txt").replace("481.51", "inf"),
        sample("nccl.txt").replace("481.51", "-1"),
        sample("nccl.txt").replace("481.51", "4" * 400),
    ],
    ids=range(8),
)
def test_a_test_that_broke_off_failed_and_measured_nothing(text: str):
    assert list(nccl.read("x", text)) == [Result("x", False)]


def test_a_diagnosis_fails_with_one_of_its_tests():
    assert list(dcgm_diag.read("diag", sample("dcgm_diag.json"))) == [
        Result("diag", False),
        Result("diag:software", True),
        Result("diag:memory", False),
    ]


def test_a_diagnosis_passes_with_all_that_ran():
    [whole, *_tests] = dcgm_diag.read("diag", "libfoo: hello\n" + sample("dcgm_diag.json").replace('"Fail"', '"Pass"'))
    assert whole == Result("diag", True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Error: unable to establish a connection",
        "{}",
        '{"DCGM Diagnostic": {"runtime_error": "no GPU", "version": "4.6.0"}}',
        '{"DCGM Diagnostic": {"test_categories": 1}}',
        '{"DCGM Diagnostic": {"test_categories": [{"tests": [{"name": "memory"}]}]}}',
        sample("dcgm_diag.json").replace('"Pass"', '"Skip"').replace('"Fail"', '"Skip"'),
        sample("dcgm_diag.json")[:-40],
    ],
    ids=range(8),
)
def test_a_diagnosis_that_tested_nothing_failed(text: str):
    assert list(dcgm_diag.read("diag", text)) == [Result("diag", False)]


@pytest.mark.parametrize("status", ["", "Warn", "passed", "Pass "])
def test_only_pass_is_a_pass(status: str):
    text = sample("dcgm_diag.json").replace('"Fail"', '"Pass"').replace('"Pass"', f'"{status}"')
    assert not any(result.success for result in dcgm_diag.read("diag", text))


def test_more_tests_than_dcgm_has_are_no_diagnosis():
    tests = ",".join(f'{{"name": "t{number}", "test_summary": {{"status": "Pass"}}}}' for number in range(101))
    text = f'{{"DCGM Diagnostic": {{"test_categories": [{{"tests": [{tests}]}}]}}}}'
    assert list(dcgm_diag.read("diag", text)) == [Result("diag", False)]


def left(directory: Path, name: str, text: str, time: float = NOW - 60) -> None:
    (directory / name).write_text(text)
    os.utime(directory / name, (time, time))


def test_each_file_of_the_directory_is_the_last_run_of_a_check(tmp_path: Path):
    left(tmp_path, "nccl_all_reduce.nccl", sample("nccl.txt"))
    left(tmp_path, "diag_r3.dcgm", sample("dcgm_diag.json"), NOW - 5)
    for other in ("x.nccl.new", "X.nccl", "a b.nccl", ".nccl", "x.txt", "y" * 41 + ".nccl"):
        left(tmp_path, other, sample("nccl.txt"))
    found = {run.time: {result.check for result in run.results} for run in runs(tmp_path, NOW)}
    assert found == {NOW - 60: {"nccl_all_reduce"}, NOW - 5: {"diag_r3", "diag_r3:software", "diag_r3:memory"}}


def test_what_is_no_file_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "secret").write_text(sample("nccl.txt"))
    (tmp_path / "link.nccl").symlink_to(tmp_path / "secret")
    (tmp_path / "directory.nccl").mkdir()
    os.mkfifo(tmp_path / "pipe.nccl")
    assert list(runs(tmp_path, NOW)) == []
    assert "pipe.nccl is no regular file" in caplog.text
    assert list(runs(tmp_path / "missing", NOW)) == []


def test_a_time_that_lies_ahead_is_now(tmp_path: Path):
    left(tmp_path, "x.nccl", "", NOW + 1e6)
    assert [run.time for run in runs(tmp_path, NOW)] == [NOW]


def test_a_directory_that_somebody_fills_is_read_in_part(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    for number in range(MAX_FILES + 5):
        left(tmp_path, f"check{number}.nccl", "")
    assert len(list(runs(tmp_path, NOW))) == MAX_FILES
    assert f"has {MAX_FILES + 5} results" in caplog.text


def shown(*given: Run, **minimums: float) -> list[str]:
    lines = render(of_active_checks(given, minimums)).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_a_value_below_its_bar_is_no_success():
    fast, slow = Run(NOW, (Result("a", True, {"GBps": 460.0}),)), Run(NOW, (Result("b", True, {"GBps": 459.9}),))
    assert shown(fast, slow, a=460, b=460, c=460) == [
        'node_active_check_success{check="a"} 1',
        'node_active_check_success{check="b"} 0',
        'node_active_check_value{check="a",unit="GBps"} 460.0',
        'node_active_check_value{check="b",unit="GBps"} 459.9',
        'node_active_check_minimum_value{check="a",unit="GBps"} 460',
        'node_active_check_minimum_value{check="b",unit="GBps"} 460',
        f'node_active_check_timestamp_seconds{{check="a"}} {NOW}',
        f'node_active_check_timestamp_seconds{{check="b"}} {NOW}',
    ]


def test_a_check_with_a_bar_that_measured_nothing_is_no_success():
    assert shown(Run(NOW, (Result("a", True),)), a=1)[0] == 'node_active_check_success{check="a"} 0'


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_results_of_one_name_the_later_counts(order: int):
    both = [Run(NOW, (Result("a", True),)), Run(NOW - 9, (Result("a", False),))]
    assert shown(*both[::order])[0] == 'node_active_check_success{check="a"} 1'
