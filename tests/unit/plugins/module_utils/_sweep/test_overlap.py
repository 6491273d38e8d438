from __future__ import annotations

import threading

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.overlap import Overlap
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.one_of(st.integers(), st.just("fails")), max_size=9), st.integers(1, 4), st.booleans())
def test_the_results_are_in_order_and_the_first_error_in_order_counts(given, helpers, busy):
    overlap, ended = Overlap(helpers), []
    overlap._is_busy = lambda: busy  # type: ignore[method-assign]

    def read(place, what):
        ended.append(place)
        if what == "fails":
            raise KeyError(place)
        return what

    reads = [lambda place=place, what=what: read(place, what) for place, what in enumerate(given)]
    if "fails" in given:
        with pytest.raises(KeyError) as raised:
            overlap.together(reads)
        assert raised.value.args[0] == given.index("fails")
        assert busy or sorted(ended) == list(range(len(given)))
    else:
        assert overlap.together(reads) == given
    overlap.close()


def test_reads_are_made_at_the_same_time():
    overlap = Overlap(4)
    both = threading.Barrier(3)
    assert overlap.together([lambda: both.wait(10) is not None] * 3) == [True] * 3
    overlap.close()


def test_with_too_few_helpers_the_reads_are_made_all_the_same():
    overlap, busy = Overlap(1), threading.Event()

    def account():
        return overlap.together([lambda: busy.wait(0.05), lambda: 1, lambda: 2, lambda: 3])

    threads = [threading.Thread(target=account) for _number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    overlap.close()


def test_it_goes_on_after_it_was_closed():
    overlap = Overlap(2)
    for _time in range(2):
        assert overlap.together([lambda: 1, lambda: 2]) == [1, 2]
        overlap.close()
    with pytest.raises(ZeroDivisionError):
        overlap.together([lambda: 1, lambda: 1 // 0])
    overlap.close()
