"""The root of all errors that are meant for users: their message names the repair, and no traceback is shown."""


class HrtemError(Exception):
    """Something that a user can mend; every error of ours that ends a command is one."""
