"""What the toy tasks compute."""


def fit(points, epochs, rate):
    """Return the weight of a very small network."""
    # a comment
    weight = rate
    for _ in range(epochs):
        weight = 0.5 * weight + sum(points) / len(points)
    return round(weight, 6)
