"""The benchmark programs by name: those of SCTBench that are small, and two extremes.

SCTBench is the collection of Thomson, Donaldson and Betts ("Concurrency testing using controlled schedulers:
an empirical study", ACM TOPC 2016). The programs are written afresh for trio; what each shares and what its
bug is, its module says. In two of them, trio's locks matter: they are handed over in the order of asking,
which rules out schedules that a lock of C's would allow.
"""

from __future__ import annotations

from tests.benchmarks.sctbench.account import account
from tests.benchmarks.sctbench.alternation import alternation
from tests.benchmarks.sctbench.arithmetic_prog import arithmetic_prog
from tests.benchmarks.sctbench.bluetooth_driver import bluetooth_driver
from tests.benchmarks.sctbench.bounded_queue import queue
from tests.benchmarks.sctbench.carter import carter01
from tests.benchmarks.sctbench.circular_buffer import circular_buffer
from tests.benchmarks.sctbench.deadlock import deadlock01
from tests.benchmarks.sctbench.dining import din_phil
from tests.benchmarks.sctbench.lazy import lazy01
from tests.benchmarks.sctbench.phase import phase01
from tests.benchmarks.sctbench.reorder import reorder
from tests.benchmarks.sctbench.safe_stack import safestack
from tests.benchmarks.sctbench.shared import Scenario
from tests.benchmarks.sctbench.stack import stack
from tests.benchmarks.sctbench.sync import sync01, sync02
from tests.benchmarks.sctbench.token_ring import token_ring
from tests.benchmarks.sctbench.two_stage import two_stage
from tests.benchmarks.sctbench.uneven import uneven
from tests.benchmarks.sctbench.work_stealing import work_stealing_queue
from tests.benchmarks.sctbench.wrong_lock import wrong_lock

PROGRAMS: dict[str, Scenario] = {
    "account": account,
    "arithmetic_prog": arithmetic_prog,
    "bluetooth_driver": bluetooth_driver,
    "carter01": carter01,
    "circular_buffer": circular_buffer,
    "deadlock01": deadlock01,
    **{f"din_phil{philosophers}": din_phil(philosophers) for philosophers in range(2, 8)},
    "lazy01": lazy01,
    "phase01": phase01,
    "queue": queue,
    **{f"reorder_{tasks}": reorder(tasks) for tasks in (3, 4, 5, 10, 20)},
    "stack": stack,
    "sync01": sync01,
    "sync02": sync02,
    "token_ring": token_ring,
    "twostage": two_stage(2),
    "twostage_100": two_stage(100),
    "wronglock": wrong_lock(7),
    "wronglock_3": wrong_lock(3),
    "work_stealing_queue": work_stealing_queue,
    "safestack": safestack,
    "uneven_25": uneven(25),
    "alternation_6": alternation(6),
}
