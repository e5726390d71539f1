"""A module that a user's job brings along."""


def sentence(greeting, sensor, degrees):
    """Say it in words."""
    return f"{greeting}: {sensor} with {degrees} degrees"
