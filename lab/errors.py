"""The one exception a user of the lab sees."""


class LabError(Exception):
    """Something the user can act on; its text is one sentence that says what is wrong and what to do."""
