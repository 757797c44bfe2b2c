"""The benchmark's peers run in processes of their own: slow and broken ones stop nothing else."""

import os
import time

import pytest

from benchmarks.worker import Failed, Worker


class Odd:
    """A peer that does what its form says."""

    def forms(self, request, as_of):
        return [request]

    def answer(self, form):
        if form == "hang":
            time.sleep(60)
        if form == "crash":
            os._exit(3)
        if form == "raise":
            raise ValueError("no such table")
        return [(form, os.getpid(), 0)]


def test_what_hangs_crashes_or_fails_is_said_and_the_next_call_answers():
    with Worker(Odd, deadline=2) as worker:
        assert worker.forms("a", None) == ["a"]
        _, [(_, first, _)] = worker.answer("a")
        with pytest.raises(Failed, match="ValueError: no such table"):
            worker.answer("raise")
        _, [(_, second, _)] = worker.answer("a")
        assert second == first
        with pytest.raises(Failed, match="> 2 s"):
            worker.answer("hang")
        worker.forms("a", None)
        _, [(_, third, _)] = worker.answer("a")
        assert third != first
        with pytest.raises(Failed, match="crashed"):
            worker.answer("crash")
        assert worker.forms("b", None) == ["b"]
        assert worker.memory() > 1 << 20
    assert worker.memory() == 0
