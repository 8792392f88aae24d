"""Runs ended at random moments, in all ways: no manifest lies, and the next run is right."""

import json
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from law_commands import finished, is_interrupted_at_its_start
from toy_project import Project

KILLS = 150  # in each of two projects
RATES = (1, 2, 4)
ENDS = (
    lambda process: process.kill(),
    lambda process: process.terminate(),
    lambda process: process.send_signal(signal.SIGINT),
    # as a terminal does at Ctrl-C
    lambda process: os.killpg(process.pid, signal.SIGINT),
)


def fit(points, rate, epochs=3):
    weight = rate
    for _ in range(epochs):
        weight = 0.5 * weight + sum(points) / len(points)
    return round(weight, 6)


def kill_often(project: Project, seed: int) -> list[str]:
    """Return what was wrong after *KILLS* runs that were killed and some that were not."""
    rng = random.Random(seed)
    wrong = []
    killed = 0
    while killed < KILLS:
        points = [rng.randint(0, 9) for _ in range(5)]
        (project.folder / "data.txt").write_text(" ".join(map(str, points)))
        workers = rng.choice([(), (), ("--workers", "2")])
        with project.start("Report", *workers, TOY_SLOW="0.005") as process:
            wait_for_the_first_lock(project, process)
            time.sleep(rng.uniform(0, 0.4))
            if process.poll() is None:
                rng.choice(ENDS)(process)
                killed += 1
            text = finished(process)
            if "Traceback" in text and not is_interrupted_at_its_start(text):
                wrong.append(text)
        wrong += project.lies()
        if rng.random() < 0.1:
            project.law("Report")
            report = json.loads((project.store / "Report/v1/report.json").read_text())
            if report != sum(fit(points, rate) for rate in RATES):
                wrong.append(f"{report} from {points}")
            wrong += project.lies()
    return wrong


def wait_for_the_first_lock(project, process):
    """Wait until the run begins to write, since most of its time goes into its start."""
    while process.poll() is None:
        if any(project.store.rglob("*.lock")):
            return
        time.sleep(0.005)


def test_several_hundred_kills(tmp_path):
    projects = [Project.new(tmp_path / str(number)) for number in range(2)]
    with ThreadPoolExecutor() as pool:
        for wrong in pool.map(kill_often, projects, range(2)):
            assert wrong == []
    for project in projects:
        # what the killed were writing is removed by the next that writes there
        (project.folder / "data.txt").write_text("1 1 2 3 5 8")
        project.law("Report")
        assert [str(path) for path in project.store.rglob(".*")] == []
