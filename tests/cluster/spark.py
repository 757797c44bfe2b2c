"""Spark's standalone cluster on this machine, from the pip package: processes of 127.0.0.1 only."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
HERE = ROOT / ".spark" / "pyspark"
"""Where `.ci/run --cluster` puts it."""
PATIENCE = 240
"""Seconds to start within: it takes 10, but many times that on a machine with much to do."""
DAEMON = "256m"
EXECUTOR = "1g"
DRIVER = "1g"

Process = subprocess.Popen[bytes]


def home() -> Path:
    return Path(os.environ.get("SPARK_HOME") or HERE)


def missing() -> str | None:
    """Why it cannot be started here; None if it can."""
    if shutil.which("java") is None:
        return "there is no Java"
    if not (home() / "bin" / "spark-class").exists():
        return "there is no Spark: set SPARK_HOME, or run .ci/run --cluster once"
    return None


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Standalone:
    """master, workers and server are their processes; `remote` is the server's address."""

    def __init__(self, folder: Path, workers: int = 2, cores: int = 1) -> None:
        self.folder = folder
        self.cores = cores
        self.master_port, self.port = free_port(), free_port()
        self.remote = f"sc://127.0.0.1:{self.port}"
        self.count = workers
        self.workers: list[Process] = []
        self.master: Process | None = None
        self.server: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        try:
            self.start_master()
            for _ in range(self.count):
                self.start_worker()
            self.start_server()
        except BaseException:
            self.stop()
            raise

    def mend(self) -> None:
        """Start all anew when something of it was killed."""
        if any(process.poll() is not None for process in self.processes()):
            self.stop()
            self.start()

    def processes(self) -> list[Process]:
        return [p for p in (self.server, *self.workers, self.master) if p is not None]

    def start_master(self) -> None:
        name = "org.apache.spark.deploy.master.Master"
        options = ["--host", "127.0.0.1", "--port", str(self.master_port), "--webui-port", "0"]
        self.master = self._start("master", ["spark-class", name, *options])
        self._listens(self.master_port, self.master)

    def start_worker(self) -> None:
        name = "org.apache.spark.deploy.worker.Worker"
        options = ["--host", "127.0.0.1", "--webui-port", "0", "--work-dir", str(self.folder)]
        options += ["--cores", str(self.cores), "--memory", EXECUTOR]
        at = f"spark://127.0.0.1:{self.master_port}"
        self.workers.append(self._start("worker", ["spark-class", name, *options, at]))

    def start_server(self) -> None:
        name = "org.apache.spark.sql.connect.service.SparkConnectServer"
        settings = {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.executor.memory": EXECUTOR,
            "spark.executor.cores": self.cores,
            "spark.sql.shuffle.partitions": 2,
            "spark.connect.progress.reportInterval": "100ms",
            # To list a few dozen small files by a job of its own takes longer than to do it.
            "spark.sql.sources.parallelPartitionDiscovery.threshold": 1_000,
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": self.port,
            "spark.local.dir": self.folder,
            "spark.sql.warehouse.dir": self.folder / "warehouse",
        }
        given = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        at = f"spark://127.0.0.1:{self.master_port}"
        start = ["spark-submit", "--master", at, "--class", name]
        self.server = self._start("server", [*start, *given, "spark-internal"])
        self._listens(self.port, self.server)

    def executors(self) -> list[int]:
        """The pids of the processes that do the work."""
        return [pid for worker in self.workers for pid in executors_of(worker)]

    def stop(self) -> None:
        started, executors = self.processes(), self.executors()
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in executors:
            kill(pid)
        self.workers, self.master, self.server = [], None, None

    def _start(self, role: str, command: Sequence[str | Path]) -> Process:
        environment = os.environ | {
            "SPARK_HOME": str(home()),
            "SPARK_LOCAL_IP": "127.0.0.1",
            # Spark counts its Connect server among the daemons, but it is the driver.
            "SPARK_DAEMON_MEMORY": DRIVER if role == "server" else DAEMON,
            "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
            "SPARK_WORKER_OPTS": "-Dspark.worker.timeout=10",
            "PYSPARK_PYTHON": sys.executable,
        }
        with (self.folder / f"{role}.log").open("a") as log:
            return subprocess.Popen(
                [home() / "bin" / command[0], *command[1:]],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
            )

    def _listens(self, port: int, process: Process) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert process.poll() is None, self._said()
            with socket.socket() as door:
                door.settimeout(1)
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.2)
        raise AssertionError(self._said())

    def _said(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.folder.glob("*.log")))


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def executors_of(worker: Process) -> list[int]:
    tasks = Path(f"/proc/{worker.pid}/task")
    if not tasks.exists():
        return []
    listed = [task.read_text() for task in tasks.glob("*/children")]
    return [int(pid) for pids in listed for pid in pids.split()]
