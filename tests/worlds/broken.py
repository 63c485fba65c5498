"""What ends a world: a law was broken, or the world itself is at fault."""


class Broken(BaseException):
    """Its first word says which law. No library takes it for a fault of the network."""
