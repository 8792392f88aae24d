"""Sources of a project that are edited, and what that makes of the code of `jets.Jets`."""

from cmsml_tasks.tracking.source_code.code_digests import code_changes, code_of

ROOTS = ["jets:Jets"]


class Sources:
    """Modules by file name, written to a *folder* on the module search path."""

    def __init__(self, folder, files):
        self.folder = folder
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def changes(self, name, old, new):
        """Return in words what it makes of the code that *old* becomes *new* in a file."""
        before = code_of(ROOTS)
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old} is in {name} {text.count(old)} times"
        path.write_text(text.replace(old, new))
        return code_changes(before, code_of(ROOTS), ROOTS)
