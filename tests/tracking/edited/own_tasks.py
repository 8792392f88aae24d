"""A workflow whose branches take as long as they are told, for tests that edit code meanwhile."""

import os
import time

import law
import physics

from cmsml_tasks.tracking import TrackedTask


class Count(TrackedTask, law.LocalWorkflow):
    """Counts what is left after a cut that another module makes."""

    def create_branch_map(self):
        """Return the years."""
        return ["2022", "2023"]

    def output(self):
        """Return a count."""
        return law.LocalFileTarget(f"{os.environ['STORE']}/count_{self.branch_data}.json")

    def run(self):
        """Count, once it may go on."""
        self.wait()
        self.write(sum(physics.cut(x) for x in range(5)))

    def wait(self):
        """Tell that it has begun, and go on when a file is there."""
        print("begun", self.branch_data, flush=True)
        while "WAIT" in os.environ and not os.path.exists(os.environ["WAIT"]):
            time.sleep(0.02)

    def write(self, count):
        """Write the count."""
        self.output().dump({"n": count}, formatter="json")


class LateCount(Count):
    """Imports what it needs when it needs it."""

    def run(self):
        """Count, once it may go on."""
        self.wait()
        import late_physics

        self.write(sum(late_physics.cut(x) for x in range(5)))
