"""Ranks from start to end: torchrun's own launcher, on this machine's loopback and nowhere else.

The ranks are fresh processes: neither gloo nor an accelerator's driver outlives a fork of a process that has
used it. However one of them ends, all end: torchrun stops the others, and each dies with its parent.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from harness.results.record import Outcome
from harness.suite.outcomes import Elsewhere, described
from harness.suite.parallel.job import Failure, failures

HERE = "127.0.0.1"
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
NETWORK = {
    "GLOO_SOCKET_IFNAME": LOOPBACK,
    "NCCL_SOCKET_IFNAME": LOOPBACK,
    "TORCH_CPP_LOG_LEVEL": "ERROR",  # a rank that is stopped has no need to say so
}
"""What keeps ranks on this machine: a container has no other interface, and no name that can be looked up."""


def launch(folder: Path, ranks: int, threads: int, work: str = "harness.suite.parallel.rank") -> None:
    """Run the job in `folder` in so many ranks with so many threads each, to their end.

    `work` is the module whose function of that name does a rank's part.

    The ranks inherit this process's environment, to which what keeps them here is added.
    `Elsewhere` with the outcome of the rank whose end was the cause, where one did not come to its own.
    """
    os.environ.update(NETWORK)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=ranks,
        run_id=folder.name,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{HERE}:0",
        local_addr=HERE,
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(log_dir=tempfile.mkdtemp(dir=folder)),
    )
    command = ("-m", "harness.suite.parallel", str(folder), str(ranks), str(threads), str(os.getpid()), work)
    try:
        elastic_launch(config, sys.executable)(*command)
    except ChildFailedError as error:
        raise cause(error.failures, failures(folder)) from error


def cause(ended: dict[int, ProcessFailure], told: list[Failure]) -> Elsewhere:
    """Of all ranks that did not end well the one that began it.

    One that died without a word: the others then told of a lost connection. Else the first that told.
    torchrun stops those that are left with SIGTERM, which is never the cause.
    """
    silent = set(ended) - {failure.rank for failure in told}
    died = [rank for rank in sorted(silent) if ended[rank].exitcode != -signal.SIGTERM]
    if died or not told:
        rank = (died or sorted(ended))[0]
        return Elsewhere(Outcome.CRASHED, f"rank {rank} crashed: {described(ended[rank].exitcode)}")
    return Elsewhere(Outcome(told[0].outcome), f"rank {told[0].rank}: {told[0].message}")
