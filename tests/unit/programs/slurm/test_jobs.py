"""Reading jobs in what squeue prints."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.jobs import FACTS, SQUEUE, JobGroup, Members, Queue, QueueReader, count_jobs
from slurm_observability.slurm.marks import Mark

from tests.unit.programs.squeue import marked

# Slurm 22.05: an array that partly runs, a job in two partitions that is held, one with a dependency, an ended one.
RECORDED = b"""\
1795266562|MARK|node1|COMPLETED|hpc|root|1|cpu=1,node=1,billing=1|MARK|None|MARK|root
1795266691|MARK||PENDING|hpc|root|2|cpu=2,mem=16000M,node=2,billing=2|MARK|Resources|MARK|root
N/A|MARK||PENDING|hpc|root|2|cpu=2,mem=16000M,node=2,billing=2|MARK|Dependency|MARK|root
1795270291|MARK||PENDING|hpc|root|1|cpu=1,mem=8000M,node=1,billing=1|MARK|BeginTime|MARK|root
1795266691|MARK|node1|RUNNING|hpc|root|1|cpu=2,node=1,billing=2,gres/gpu=1|MARK|None|MARK|root
1795266691|MARK|node1|RUNNING|hpc|root|1|cpu=2,node=1,billing=2,gres/gpu=1|MARK|None|MARK|root
1795266692|MARK|node2|RUNNING|hpc|root|1|cpu=2,node=1,billing=2,gres/gpu=1|MARK|None|MARK|root
N/A|MARK||PENDING|hpc,htc|alice|2|cpu=3,mem=999M,node=1,billing=3,gres/gpu=2|MARK|JobHeldUser|MARK|research
"""
LINE = b"1795266691|MARK||PENDING|hpc|alice|1|cpu=1,node=1|MARK|Priority|MARK|research"


def lines_of(text: bytes, mark: Mark) -> list[bytes]:
    return marked(mark, text.removesuffix(b"\n"))


def queue_of(text: bytes) -> Queue:
    mark = Mark()
    return count_jobs([lines_of(text, mark)], mark, {})[0]


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


@pytest.mark.parametrize(("digits", "read"), [(18, 10**18 - 1), (19, None)])
def test_a_time_has_as_many_digits_as_slurm_could_print(digits, read):
    (members,) = queue_of(LINE.replace(b"1795266691", b"9" * digits)).jobs.values()
    assert members.eligible == read


def test_lines_that_come_in_pieces_are_one_queue():
    mark = Mark()
    lines = lines_of(RECORDED, mark)
    queue, _meaning = count_jobs([lines[:5], [], lines[5:]], mark, {})
    assert queue == queue_of(RECORDED)


def test_what_lines_mean_is_remembered_until_they_are_gone():
    mark, later = Mark(), Mark()
    first, meaning = count_jobs([lines_of(RECORDED, mark)], mark, {})
    second, again = count_jobs([lines_of(RECORDED, later)], later, meaning)
    assert second == first
    assert again.keys() == meaning.keys() and all(again[kind] is meaning[kind] for kind in meaning)
    assert len(count_jobs([lines_of(LINE, later)], later, meaning)[1]) == 1


def test_a_partition_named_twice_counts_once():
    assert only_group(LINE.replace(b"|hpc|", b"|hpc,hpc,|")).partitions == ("hpc",)


def test_words_for_nothing_are_nothing():
    group = only_group(b"N/A|MARK||PENDING|hpc|alice|0|N/A|MARK|None|MARK|(null)")
    assert group == JobGroup("PENDING", ("hpc",), user="alice", reason="None")


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (b"ReqNodeNotAvail, UnavailableNodes:n[1-9],n|12", "ReqNodeNotAvail"),
        (b"a|RUNNING|hpc|b|0123456789abcdef|", "Other"),
        (b"\xff\xfe", "Other"),
        (b"", "Other"),
        (b"burst_buffer/lua: Stage-in: " + b"x" * 100_000, "Other"),
    ],
)
def test_a_text_in_place_of_a_reason_changes_nothing_else(reason, word):
    group = only_group(LINE.replace(b"Priority", reason))
    assert group == only_group(LINE)._replace(reason=word)


@pytest.mark.parametrize(
    ("account", "read_as"),
    [
        (b"a|b", "a|b"),
        (b"x|9|cpu=9999,node=1|Priority|y", "x|9|cpu=9999,node=1|Priority|y"),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (b"x\n1795266691||RUNNING|hpc|root|1|cpu=9999,node=1|None|root", "x"),
        (b"x\n1|0123456789abcdef||RUNNING|hpc|root|1|cpu=9|0123456789abcdef|None|0123456789abcdef|root", "x"),
    ],
)
def test_an_account_that_a_user_made_up_makes_no_job(account, read_as):
    queue = queue_of(LINE.replace(b"research", account))
    (group,) = queue.jobs
    assert group == only_group(LINE)._replace(account=read_as)
    assert queue.rejected_lines == account.count(b"\n")


@pytest.mark.parametrize("partition", [b"\xff\xfe", b'a"b', b"a\\b", "é".encode()])
def test_a_partition_with_an_odd_name_is_one(partition):
    assert only_group(LINE.replace(b"hpc", partition)).partitions == (partition.decode("utf-8", "replace"),)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"|||||||||",
        b"slurm_load_jobs error: Unable to contact slurm controller",
        LINE[:30],  # cut in half
        LINE[: LINE.index(b"cpu=1") + 3],
        LINE.replace(b"MARK", b"0123456789abcdef"),
        LINE.replace(b"PENDING", b"pending"),
        LINE.replace(b"PENDING", b"?"),
        LINE.replace(b"|hpc|", b"||"),
        LINE.replace(b"|hpc|", b"|,|"),
        LINE.replace(b"alice|1|", b"alice|-1|"),
        LINE.replace(b"alice|1|", b"alice|" + b"9" * 5000 + b"|"),
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


def test_squeue_is_asked_once_and_what_a_user_can_type_comes_last(fake_slurm):
    fake_slurm.answers("squeue", RECORDED)
    reader = QueueReader(SlurmRunner(10))
    assert reader.read() == reader.read() == queue_of(RECORDED)
    first, second = fake_slurm.calls("squeue")
    assert first.startswith(" ".join(SQUEUE[1:])) and first != second
    fields = re.findall(r"([A-Za-z-]+):", first.partition("--Format=")[2])
    assert fields == [*FACTS, "Reason", "Account"]


def test_nothing_but_garbage_is_no_answer(fake_slurm):
    fake_slurm.answers("squeue", "Unable to contact slurm controller\n")
    with pytest.raises(SlurmError, match="1 lines, and none of them is a job"):
        QueueReader(SlurmRunner(10)).read()


@given(st.lists(st.binary(max_size=60) | st.sampled_from(RECORDED.splitlines())))
def test_any_bytes_give_a_count_or_a_slurm_error(lines):
    mark = Mark()
    try:
        queue = count_jobs([[marked(mark, line)[0] for line in lines]], mark, {})[0]
    except SlurmError:
        return
    assert sum(members.count for members in queue.jobs.values()) + queue.rejected_lines == len(lines)


@given(st.data())
def test_a_line_with_a_byte_changed_never_ends_the_reading(data):
    line = bytearray(data.draw(st.sampled_from(RECORDED.splitlines())))
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255).filter(lambda byte: byte != 10))
    queue = queue_of(LINE + b"\n" + bytes(line))
    assert sum(members.count for members in queue.jobs.values()) + queue.rejected_lines == 2
