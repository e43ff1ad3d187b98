"""Reading jobs in what squeue prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.jobs import SQUEUE, JobGroup, Members, Queue, QueueReader, count_jobs

# Slurm 22.05: an array that partly runs, a job in two partitions that is held, one with a dependency, an ended one.
RECORDED = b"""\
1795266562|node1|COMPLETED|hpc|root|root|1|cpu=1,node=1,billing=1|None
1795266691||PENDING|hpc|root|root|2|cpu=2,mem=16000M,node=2,billing=2|Resources
N/A||PENDING|hpc|root|root|2|cpu=2,mem=16000M,node=2,billing=2|Dependency
1795270291||PENDING|hpc|root|root|1|cpu=1,mem=8000M,node=1,billing=1|BeginTime
1795266691|node1|RUNNING|hpc|root|root|1|cpu=2,node=1,billing=2,gres/gpu=1|None
1795266691|node1|RUNNING|hpc|root|root|1|cpu=2,node=1,billing=2,gres/gpu=1|None
1795266692|node2|RUNNING|hpc|root|root|1|cpu=2,node=1,billing=2,gres/gpu=1|None
N/A||PENDING|hpc,htc|alice|research|2|cpu=3,mem=999M,node=1,billing=3,gres/gpu=2|JobHeldUser
"""
LINE = b"1795266691||PENDING|hpc|alice|research|1|cpu=1,node=1|Priority"


def queue_of(text: bytes) -> Queue:
    return count_jobs([text.splitlines()], {})[0]


def only_group(text: bytes) -> JobGroup:
    (group,) = queue_of(text).jobs
    return group


def test_every_fact_of_a_job():
    queue = queue_of(RECORDED)
    held = JobGroup(
        state="PENDING",
        partitions=("hpc", "htc"),
        user="alice",
        account="research",
        reason="JobHeldUser",
        nodes=1,
        max_nodes=2,
        cpus=3,
        gpus=2,
        memory_bytes=999 * 1024**2,
    )
    assert queue.jobs[held] == Members(1, None, set())
    running = JobGroup("RUNNING", ("hpc",), "root", "root", "None", nodes=1, max_nodes=1, cpus=2, gpus=1)
    assert queue.jobs[running] == Members(3, 1795266691, {"node1", "node2"})
    assert queue.rejected_lines == 0
    assert sorted(queue.partitions) == ["hpc", "htc"]


def test_an_ended_job_holds_no_nodes():
    (members,) = (members for group, members in queue_of(RECORDED).jobs.items() if group.state == "COMPLETED")
    assert members == Members(1, 1795266562, set())


def test_the_first_time_of_a_group_counts():
    later = LINE.replace(b"1795266691", b"1795266700")
    for lines in ([LINE, later], [later, LINE], [later, LINE.replace(b"1795266691", b"N/A"), LINE]):
        (members,) = queue_of(b"\n".join(lines)).jobs.values()
        assert members.eligible == 1795266691 and members.count == len(lines)


def test_lines_that_come_in_pieces_are_one_queue():
    lines = RECORDED.splitlines()
    queue, _meaning = count_jobs([lines[:5], [], lines[5:]], {})
    assert queue == queue_of(RECORDED)


def test_what_lines_mean_is_remembered_until_they_are_gone():
    first, meaning = count_jobs([RECORDED.splitlines()], {})
    second, again = count_jobs([RECORDED.splitlines()], meaning)
    assert second == first
    assert all(again[kind] is meaning[kind] for kind in meaning)
    assert count_jobs([[LINE]], meaning)[1].keys() == {LINE.split(b"|", 2)[2]}


def test_a_partition_named_twice_counts_once():
    assert only_group(LINE.replace(b"|hpc|", b"|hpc,hpc,|")).partitions == ("hpc",)


def test_words_for_nothing_are_nothing():
    group = only_group(b"N/A||PENDING|hpc|(null)|N/A|0|N/A|None")
    assert group == JobGroup("PENDING", ("hpc",), reason="None")


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (b"ReqNodeNotAvail, UnavailableNodes:n[1-9],n|12", "ReqNodeNotAvail"),
        (b"a|RUNNING|hpc|b", "Other"),
        (b"\xff\xfe", "Other"),
        (b"", "Other"),
        (b"burst_buffer/lua: Stage-in: " + b"x" * 100_000, "Other"),
    ],
)
def test_a_text_in_place_of_a_reason_changes_nothing_else(reason, word):
    group = only_group(LINE.replace(b"Priority", reason))
    assert group == only_group(LINE)._replace(reason=word)


@pytest.mark.parametrize("partition", [b"\xff\xfe", b'a"b', b"a\\b", "é".encode()])
def test_a_partition_with_an_odd_name_is_one(partition):
    assert only_group(LINE.replace(b"hpc", partition)).partitions == (partition.decode("utf-8", "replace"),)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"|||||||||",
        b"slurm_load_jobs error: Unable to contact slurm controller",
        LINE[:40],  # cut in half
        LINE.replace(b"PENDING", b"pending"),
        LINE.replace(b"PENDING", b"?"),
        LINE.replace(b"|hpc|", b"||"),
        LINE.replace(b"|hpc|", b"|,|"),
        LINE.replace(b"research|1|", b"research|-1|"),
        LINE.replace(b"research|1|", b"research|" + b"9" * 5000 + b"|"),
        LINE.replace(b"alice", b"ali|ce"),
    ],
)
def test_what_is_no_job_is_passed_over_and_counted(line):
    queue = queue_of(b"\n".join([line, line, LINE]))
    assert queue.rejected_lines == 2
    assert sum(members.count for members in queue.jobs.values()) == 1


def test_a_time_that_is_none_is_no_time():
    (members,) = queue_of(b"9" * 5000 + LINE[10:]).jobs.values()
    assert members == Members(1)


def test_an_empty_queue_is_an_answer(fake_slurm):
    assert QueueReader(SlurmRunner(10)).read() == Queue()


def test_squeue_is_asked_once_and_for_nothing_that_a_user_can_type(fake_slurm):
    fake_slurm.answers("squeue", RECORDED)
    reader = QueueReader(SlurmRunner(10))
    assert reader.read() == reader.read() == queue_of(RECORDED)
    assert fake_slurm.calls("squeue") == [" ".join(SQUEUE[1:])] * 2
    assert not {"Name", "Comment", "WorkDir", "Command", "Dependency", "WCKey"} & set(SQUEUE[-1].split(":|,"))


def test_nothing_but_garbage_is_no_answer(fake_slurm):
    fake_slurm.answers("squeue", "Unable to contact slurm controller\n")
    with pytest.raises(SlurmError, match="1 lines, and none of them is a job"):
        QueueReader(SlurmRunner(10)).read()


@given(st.lists(st.binary(max_size=60) | st.sampled_from(RECORDED.splitlines())))
def test_any_bytes_give_a_count_or_a_slurm_error(lines):
    try:
        queue = count_jobs([lines], {})[0]
    except SlurmError:
        return
    assert sum(members.count for members in queue.jobs.values()) + queue.rejected_lines == len(lines)


@given(st.data())
def test_a_line_with_a_byte_changed_never_ends_the_reading(data):
    line = bytearray(data.draw(st.sampled_from(RECORDED.splitlines())))
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255).filter(lambda byte: byte != 10))
    queue = count_jobs([[LINE, bytes(line)]], {})[0]
    assert sum(members.count for members in queue.jobs.values()) + queue.rejected_lines == 2
