"""What the workflow computes."""


def cut(x):
    """Return whether it passes."""
    return x > 1


def plot(x):
    """Is not used."""
    return x
