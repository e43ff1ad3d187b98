"""Reading slurmctld's statistics from what sdiag prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.scheduler import Calls, StatisticsReader, parse_statistics, parse_sums

# The text of Slurm 22.05.8, before the first cycle of the backfill scheduler.
OLD = """\
*******************************************************
sdiag output at Sat Nov 21 12:59:53 2026 (1795265993)
Data since      Sat Nov 21 12:59:52 2026 (1795265992)
*******************************************************
Server thread count:  3
Agent queue size:     1
Agent count:          0
Agent thread count:   2
DBD Agent queue size: 7

Jobs submitted: 6
Jobs started:   5
Jobs completed: 4
Jobs canceled:  3
Jobs failed:    2

Job states ts:  Sat Nov 21 12:59:52 2026 (1795265991)
Jobs pending:   11
Jobs running:   12

Main schedule statistics (microseconds):
	Last cycle:   147
	Max cycle:    155
	Total cycles: 4
	Mean cycle:   115
	Mean depth cycle:  2
	Cycles per minute: 12
	Last queue length: 3

Backfilling stats
	Total backfilled jobs (since last slurm start): 9
	Total backfilled jobs (since last stats cycle start): 8
	Total backfilled heterogeneous job components: 1
	Total cycles: 0
	Last cycle when: N/A
	Last cycle: 0
	Max cycle:  0
	Last depth cycle: 0
	Last depth cycle (try sched): 0
	Last queue length: 0
	Last table size: 0

Latency for 1000 calls to gettimeofday(): 22 microseconds

Remote Procedure Call statistics by message type
	REQUEST_PARTITION_INFO                  ( 2009) count:2      ave_time:213    total_time:427
	REQUEST_NODE_INFO                       ( 2007) count:2      ave_time:315    total_time:631

Remote Procedure Call statistics by user
	root            (       0) count:11     ave_time:364    total_time:4006
	2077            (    2077) count:1      ave_time:5      total_time:5

Pending RPC statistics
	REQUEST_PING                            ( 1008) count:12{padding}

Pending RPCs
{tab} 1: REQUEST_PING                         node[1-12]
""".format(padding=" " * 4, tab="\t")

# What Slurm 24.11.5 and 26.05.5 add, with SlurmctldParameters=enable_rpc_queue, in the middle of a backfill cycle.
NEW = """\
*******************************************************
sdiag output at Sat Nov 21 13:05:21 2026 (1795266321)
Data since      Sat Nov 21 13:05:17 2026 (1795266317)
*******************************************************
Server thread count:  1
RPC queue enabled:    1

Main scheduler exit:
	End of job queue:11
	Hit default_queue_depth:12
	Hit sched_max_job_start:13
	Blocked on licenses:14
	Hit max_rpc_cnt:15
	Timeout (max_sched_time):16

Backfilling stats (WARNING: data obtained in the middle of backfilling execution.)
	Total cycles: 9
	Last cycle when: Sat Nov 21 13:02:08 2026 (1795266128)
	Last cycle: 218
	Max cycle:  244
	Mean cycle: 149
	Last depth cycle: 1
	Last depth cycle (try sched): 3
	Depth Mean: 2
	Depth Mean (try depth): 4
	Last queue length: 5
	Queue length mean: 6
	Last table size: 7
	Mean table size: 8

Backfill exit
	End of job queue: 1
	Hit bf_max_job_start: 2
	Hit bf_max_job_test: 3
	System state changed: 4
	Hit table size limit (bf_node_space_size): 5
	Timeout (bf_max_time): 6

Remote Procedure Call statistics by message type
	REQUEST_NODE_INFO                       ( 2007) count:41     ave_time:156    total_time:6410         queued:3      \
cycle_last:1      cycle_max:2      dropped:4

Remote Procedure Call statistics by user
	alice           (    2001) count:80     ave_time:133    total_time:10654
	nobody          (    2077) count:1      ave_time:5      total_time:5
	nobody          (   65534) count:2      ave_time:5      total_time:10
	domain user     (    3000) count:3      ave_time:5      total_time:15

Pending RPC statistics
	No pending RPCs
"""


def statistics(text: str):
    return parse_statistics(text.encode().splitlines())


def test_numbers_have_the_names_of_the_native_endpoint():
    answer = statistics(OLD)
    assert answer.values == {
        "sched_stats_timestamp": 1795265993,
        "last_proc_req_start": 1795265992,
        "server_thread_cnt": 3,
        "agent_queue_size": 1,
        "agent_cnt": 0,
        "agent_thread_cnt": 2,
        "slurmdbd_queue_size": 7,
        "sdiag_jobs_submitted": 6,
        "sdiag_jobs_started": 5,
        "sdiag_jobs_completed": 4,
        "sdiag_jobs_canceled": 3,
        "sdiag_jobs_failed": 2,
        "sdiag_job_states_ts": 1795265991,
        "sdiag_jobs_pending": 11,
        "sdiag_jobs_running": 12,
        "schedule_cycle_last": 147,
        "schedule_cycle_max": 155,
        "schedule_cycle_cnt": 4,
        "sched_mean_cycle": 115,
        "sched_mean_depth_cycle": 2,
        "schedule_queue_len": 3,
        "backfilled_jobs": 9,
        "last_backfilled_jobs": 8,
        "backfilled_het_jobs": 1,
        "bf_active": 0,
        "bf_cycle_cnt": 0,
        "bf_when_last_cycle": 0,
        "bf_cycle_last": 0,
        "bf_cycle_max": 0,
        "bf_last_depth": 0,
        "bf_last_depth_try": 0,
        "bf_queue_len": 0,
        "bf_table_size": 0,
        # not printed without a cycle
        "bf_mean_cycle": 0,
        "bf_depth_mean": 0,
        "bf_try_depth_mean": 0,
        "bf_queue_len_mean": 0,
        "bf_mean_table_sz": 0,
        "sdiag_latency": 22,
    }
    assert answer.rejected_lines == 0


def test_calls_by_type_by_user_and_pending():
    answer = statistics(OLD)
    assert answer.calls == {"REQUEST_PARTITION_INFO": Calls(2, 427), "REQUEST_NODE_INFO": Calls(2, 631)}
    assert answer.user_calls == {"root": Calls(11, 4006), "2077": Calls(1, 5)}
    assert answer.pending_calls == {"REQUEST_PING": 12}


def test_what_newer_versions_add():
    answer = statistics(NEW)
    new = {name: value for name, value in answer.values.items() if "exit" in name or "queue" in name or "mean" in name}
    assert new == {
        "rpc_queue_enabled": 1,
        "sched_exit_end": 11,
        "sched_exit_max_depth": 12,
        "sched_exit_max_job_start": 13,
        "sched_exit_lic": 14,
        "sched_exit_rpc_cnt": 15,
        "sched_exit_timeout": 16,
        "bf_mean_cycle": 149,
        "bf_depth_mean": 2,
        "bf_try_depth_mean": 4,
        "bf_queue_len": 5,
        "bf_queue_len_mean": 6,
        "bf_mean_table_sz": 8,
        "bf_exit_end": 1,
        "bf_exit_max_job_start": 2,
        "bf_exit_max_job_test": 3,
        "bf_exit_state_changed": 4,
        "bf_exit_table_limit": 5,
        "bf_exit_timeout": 6,
    }
    assert answer.values["bf_active"] == 1
    assert answer.values["bf_when_last_cycle"] == 1795266128
    assert answer.calls == {"REQUEST_NODE_INFO": Calls(41, 6410, queued=3, dropped=4)}
    assert answer.rejected_lines == 0


def test_users_whom_the_host_does_not_know_stay_apart():
    assert statistics(NEW).user_calls == {
        "alice": Calls(80, 10654),
        "2077": Calls(1, 5),
        "nobody": Calls(2, 10),
        "domain user": Calls(3, 15),
    }


def test_calls_of_one_name_are_added_up():
    line = next(line for line in NEW.splitlines() if "REQUEST_NODE_INFO" in line)
    text = NEW.replace(line, f"{line}\n{line}")
    assert statistics(text).calls == {"REQUEST_NODE_INFO": Calls(82, 12820, queued=6, dropped=8)}


@pytest.mark.parametrize(
    "before, after",
    [
        ("Max cycle:    155", "Max cycle:    -155"),
        ("Jobs started:   5", "Jobs started:   many"),
        ("count:11  ", "count:x  "),
        ("count:12 ", "count:x  "),
        ("total_time:427", "total_time:"),
    ],
)
def test_a_number_that_is_none_is_counted_and_left_out(before, after):
    assert before in OLD
    answer, whole = statistics(OLD.replace(before, after)), statistics(OLD)
    assert answer.rejected_lines == 1
    numbers = [len(part) for part in (answer.values, answer.calls, answer.user_calls, answer.pending_calls)]
    assert sum(numbers) == sum(map(len, (whole.values, whole.calls, whole.user_calls, whole.pending_calls))) - 1


def test_each_call_that_cannot_be_read_is_counted_and_any_byte_is_a_name():
    lines = OLD.replace("ave_time:", "ave_tim:").replace("count:12 ", "count:x ").encode().splitlines()
    assert parse_statistics(lines).rejected_lines == 2 + 2 + 1
    pending = next(line for line in lines if b"count:x" in line)
    assert parse_statistics([*lines[:-3], pending]).rejected_lines == 2 + 2 + 2
    named = parse_statistics(OLD.encode().replace(b"root ", b"r\xfft ").replace(b"_PING", b"_\xff").splitlines())
    assert named.user_calls["r\ufffdt"] == Calls(11, 4006)
    assert named.pending_calls == {"REQUEST_\ufffd": 12}


def test_what_a_later_version_may_print_is_passed_over():
    text = OLD.replace("Agent count:", "Agents of a new kind: 5\nAgent count:")
    assert statistics(text) == statistics(OLD)


@pytest.mark.parametrize("text", ["", "No data available. Probably slurmctld is not working\n"])
def test_no_statistics_is_an_error(text):
    with pytest.raises(SlurmError, match="no statistics"):
        statistics(text)


# What Slurm 24.11.5 and 26.05.5 print, much shortened.
JSON = """{"statistics": {"schedule_cycle_sum": 2145, "schedule_cycle_depth": 5, "bf_cycle_sum": 161, "bf_depth_sum": 1,
"bf_depth_try_sum": 2, "bf_queue_len_sum": 3, "bf_table_size_sum": 4, "bf_active": false}, "errors": []}"""
SUMS = {
    "schedule_cycle_tot": 2145,
    "schedule_cycle_depth": 5,
    "bf_cycle_tot": 161,
    "bf_depth_tot": 1,
    "bf_depth_try_tot": 2,
    "bf_queue_len_tot": 3,
    "bf_table_size_tot": 4,
}


def sdiag(fake_slurm, json_script: str) -> StatisticsReader:
    """Let sdiag print the text, and do this when it is asked for JSON."""
    fake_slurm.does("sdiag", f'case "$*" in --json) {json_script};; *) cat <<"EOT"\n{NEW}EOT\n;; esac')
    return StatisticsReader(SlurmRunner(10))


def test_the_sums_come_from_json(fake_slurm):
    reader = sdiag(fake_slurm, f"cat <<'EOT'\n{JSON}\nEOT\n")
    text = statistics(NEW)
    assert reader.read().values == {**text.values, **SUMS}
    assert reader.read().calls == text.calls
    assert fake_slurm.calls("sdiag") == ["", "--json"] * 2


def test_an_old_sdiag_is_asked_for_json_once(fake_slurm):
    reader = sdiag(fake_slurm, """echo "sdiag: unrecognized option '--json'" >&2; exit 1""")
    assert [reader.read(), reader.read()] == [statistics(NEW)] * 2
    assert fake_slurm.calls("sdiag") == ["", "--json", ""]


def test_a_plugin_that_is_missing_may_be_there_the_next_time(fake_slurm):
    reader = sdiag(fake_slurm, "echo 'serializer plugin not found' >&2; exit 1")
    assert [reader.read(), reader.read()] == [statistics(NEW)] * 2
    assert fake_slurm.calls("sdiag") == ["", "--json"] * 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"statistics": 4}', "[" * 100_000, '{"statistics": ', "\udcff"])
def test_what_is_no_json_of_sdiag(text):
    with pytest.raises(SlurmError, match="printed no statistics"):
        parse_sums(text.encode("utf-8", "surrogateescape"))


def test_a_sum_that_is_no_whole_number_is_left_out():
    assert parse_sums(JSON.replace("2145", "true").replace("161", '"161"').encode()) == {
        name: value for name, value in SUMS.items() if value not in (2145, 161)
    }


def test_a_slurmctld_that_is_away_is_an_error(fake_slurm):
    fake_slurm.fails("sdiag", "Unable to contact slurm controller")
    with pytest.raises(SlurmError, match="Unable to contact"):
        StatisticsReader(SlurmRunner(10)).read()
    assert fake_slurm.calls("sdiag") == [""]


@given(st.lists(st.binary(max_size=120)))
def test_no_bytes_stop_it(lines):
    answer = parse_statistics([*OLD.encode().splitlines(), *lines])
    assert answer.values["schedule_cycle_max"] >= 0
