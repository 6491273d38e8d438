"""A fast stub of the AWS services that sweeps call, for measuring clients: settable delay, quotas, throttling, resets.

It answers from templates and remembers nothing but counters, so it is many times faster than the sandbox. It has no
permissions and no state: use the sandbox for behaviour, and this to measure.

    with Stub(accounts=300, delay=0.03) as stub:
        run_something(environment={**os.environ, **stub.environment})
        print(stub.stats()["calls"], stub.stats()["mismatches"])
"""

from benchmarks.stub.client import Stub

__all__ = ["Stub"]
