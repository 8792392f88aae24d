"""Points -> Fit (a branch for each rate) -> Report, as somebody else's tasks."""

import dataclasses
import json
import os
import time

import law
import luigi
import toy_model

from cmsml_tasks.files import replacing
from cmsml_tasks.tracking import TrackedTask
from cmsml_tasks.tracking.contract.tracked_file import NotHere, TrackedFile


def held():
    """Say that the work has come this far, where a test waits for it, and wait for the test."""
    go_on = os.environ.get("TOY_HOLD")
    if go_on:
        with open(f"{go_on}.reached", "w"):
            pass
        while not os.path.exists(go_on):
            time.sleep(0.05)


class Toy(TrackedTask):
    """What the toy tasks share."""

    version = luigi.Parameter()
    rates = law.CSVParameter(default=(1, 2, 4), cls=luigi.IntParameter, significant=False)
    epochs = luigi.IntParameter(default=3)

    exclude_index = True
    untracked_params = frozenset({"version", "epochs"})

    def local_target(self, *parts):
        """Return a target in the store, which may be a URL."""
        store = os.environ["TOY_STORE"]
        path = os.path.join(self.task_family, self.version, *parts)
        if "://" not in store:
            return law.LocalFileTarget(os.path.join(store, path))
        law.contrib.load("wlcg")
        return law.wlcg.WLCGFileTarget(path, fs=law.wlcg.WLCGFileSystem(base=store))

    def write(self, target, content):
        """Write JSON as a whole."""
        held()
        time.sleep(float(os.environ.get("TOY_SLOW", "0")))
        if os.environ.get("TOY_FAIL") == self.task_family:
            raise RuntimeError("told to fail")
        if not isinstance(target, law.LocalTarget):
            target.dump(content, formatter="json")
            return
        with replacing(target.path) as path:
            path.write_text(json.dumps(content))


class Points(Toy):
    """Reads data.txt."""

    def tracked_files(self, data):
        """Return the one file."""
        return [os.environ.get("TOY_DATA", "data.txt")]

    def output(self):
        """Return the points as JSON."""
        return self.local_target("points.json")

    def run(self):
        """Sort what is in the file."""
        with open(self.tracked_files(None)[0]) as file:
            self.write(self.output(), sorted(map(float, file.read().split())))


class Fit(Toy, law.LocalWorkflow):
    """One fit for each rate."""

    untracked_params = Toy.untracked_params - {"epochs"}

    def create_branch_map(self):
        """Return the rates."""
        return dict(enumerate(self.rates))

    def workflow_requires(self):
        """Return the points."""
        return {"points": Points.req(self)}

    def requires(self):
        """Return the points."""
        return {"points": Points.req(self)}

    def output(self):
        """Return the weight and a log."""
        folder = f"rate={self.branch_data}"
        return {
            "fit": self.local_target(folder, "fit.json"),
            "log": self.local_target(folder, "log.json"),
        }

    def run(self):
        """Fit."""
        points = self.input()["points"].load(formatter="json")
        weight = toy_model.fit(points, self.epochs, self.branch_data)
        self.write(self.output()["fit"], weight)
        self.write(self.output()["log"], {"n": len(points)})


class Report(Toy):
    """Reads all fits."""

    def requires(self):
        """Return all fits."""
        return Fit.req(self)

    def output(self):
        """Return the sum."""
        return self.local_target("report.json")

    def run(self):
        """Add up."""
        fits = self.input()["collection"].targets.values()
        self.write(self.output(), sum(each["fit"].load(formatter="json") for each in fits))


class Mean(Toy):
    """Writes two local files, wherever the store is."""

    untracked_params = Toy.untracked_params - {"epochs"}

    def requires(self):
        """Return the points."""
        return Points.req(self)

    def output(self):
        """Return the mean and a log."""
        return {"mean": self.local_target("mean.json"), "log": self.local_target("log.json")}

    def run(self):
        """Compute; TOY_SLOW and TOY_FAIL come between the files."""
        with self.staged() as (points, outputs):
            with open(points.path) as file:
                values = json.load(file)
            with open(outputs["log"].path, "w") as file:
                json.dump(len(values), file)
            self.write(outputs["mean"], self.epochs * sum(values) / len(values))


class Boxed(Toy, law.SandboxTask):
    """Runs in a sandbox where --sandbox says so."""

    allow_empty_sandbox = True

    def requires(self):
        """Return the points."""
        return Points.req(self)

    def output(self):
        """Return the number of points."""
        return self.local_target("boxed.json")

    def run(self):
        """Count; say where."""
        print("in the box" if os.environ.get("TOY_BOX") else "not in a box")
        self.write(self.output(), len(self.input().load(formatter="json")))


class Staged(Boxed):
    """Sees copies of its inputs and outputs alone."""

    def sandbox_stagein(self, inputs):
        """Stage all."""
        return True

    def sandbox_stageout(self, outputs):
        """Stage all."""
        return True


class Both(Toy):
    """Asks for its requirements while it runs."""

    def output(self):
        """Return a count."""
        return self.local_target("both.json")

    def run(self):
        """Yield, then count."""
        fits = yield Fit.req(self)
        self.write(self.output(), len(fits["collection"]))


class Late(Toy):
    """Reads data.txt, and then asks for the points."""

    def tracked_files(self, data):
        """Return the one file."""
        return ["data.txt"]

    def output(self):
        """Return a text."""
        return self.local_target("late.json")

    def run(self):
        """Read, wait, ask, write."""
        with open("data.txt") as file:
            text = file.read()
        held()
        yield Foreign(version=self.version)
        self.write(self.output(), text)


class Used(Toy):
    """Reads files as used.json says."""

    def tracked_files(self, data):
        """Return them with their samples, or as a plain list."""
        with open("used.json") as file:
            content = json.load(file)
        if isinstance(content, list):
            return content
        return [
            TrackedFile(path, {"sample": sample}, sample)
            if os.path.exists(path)
            else NotHere(sample, f"no {path}")
            for sample, paths in content.items()
            for path in paths
        ]

    def output(self):
        """Return a number."""
        return self.local_target("used.json")

    def run(self):
        """Write."""
        self.write(self.output(), 1)


class Foreign(law.Task):
    """Is not tracked."""

    version = luigi.Parameter()

    def output(self):
        """Return a file."""
        return law.LocalFileTarget(os.path.join(os.environ["TOY_STORE"], "foreign.json"))

    def run(self):
        """Write."""
        self.output().dump({"a": 1}, formatter="json")


class AfterForeign(Toy):
    """Reads what a task wrote that is not tracked, into a folder."""

    def requires(self):
        """Return the other one."""
        return Foreign.req(self)

    def output(self):
        """Return a folder."""
        store = os.environ["TOY_STORE"]
        return law.LocalDirectoryTarget(
            os.path.join(store, self.task_family, self.version, "folder")
        )

    def run(self):
        """Copy twice."""
        content = self.input().load(formatter="json")
        for name in ("one", "two"):
            self.output().child(f"{name}.json", type="f").dump(content, formatter="json")


class Shapes(Toy, law.LocalWorkflow):
    """Branches of many kinds, and none at all."""

    kind = luigi.Parameter(default="dataclass")

    def create_branch_map(self):
        """Return data of the kind that is asked for."""
        kinds = {"dataclass": Shape("a", {1}), "object": object(), "nan": float("nan")}
        return {} if self.kind == "none" else {0: kinds[self.kind]}

    def output(self):
        """Return a file."""
        return self.local_target(self.kind, "shape.json")

    def run(self):
        """Write."""
        self.write(self.output(), 1)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a branch may be."""

    name: str
    numbers: set


class Chained(Fit):
    """Needs one fit a branch."""

    def workflow_requires(self):
        """Return the fits."""
        return {"fits": Fit.req(self)}

    def requires(self):
        """Return the fit."""
        return Fit.req(self)

    def output(self):
        """Return a file."""
        return self.local_target(f"rate={self.branch_data}", "twice.json")

    def run(self):
        """Double."""
        self.write(self.output(), 2 * self.input()["fit"].load(formatter="json"))


class Folders(Fit):
    """A folder for each rate."""

    def output(self):
        """Return a folder."""
        store = os.environ["TOY_STORE"]
        folder = os.path.join(store, "Folders", self.version, f"rate={self.branch_data}")
        return law.LocalDirectoryTarget(folder)

    def run(self):
        """Write a file in it."""
        self.output().child("one.json", type="f").dump(self.branch_data, formatter="json")
