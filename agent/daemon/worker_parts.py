"""The parts of a worker, in the order they start."""

from agent.app import WorkerApp
from agent.daemon.supervisor import Part


def worker_parts(app: WorkerApp) -> list[Part]:
    """Return everything that `meetbot worker --server` runs."""
    return [
        Part("server", stop=app.lender.aclose),
        Part("browser", start=app.meet.start, stop=app.meet.stop),
        Part("worker", start=app.worker.greet, task=app.worker.run, stop=app.worker.stop),
    ]
