"""How the `hrtem` command ends where it cannot go on: named errors, disks and Ctrl+C, each a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.base.interruption import EXIT_CODE, SENTENCE, end_at_once_next_time


class Interrupted(click.ClickException):
    """Ctrl+C: one line, and the exit code that shells know."""

    exit_code = EXIT_CODE

    def __init__(self) -> None:
        super().__init__(SENTENCE)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(self.message, file=file, err=True)


class SentenceGroup(click.Group):
    """A group of commands none of which ends with a traceback for what a user or a machine did."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments."""
        with _sentences():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _sentences():
            return super().invoke(ctx)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        end_at_once_next_time()
        raise Interrupted from None
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        said = _in_words(error)
        if said is None:
            raise
        raise click.ClickException(said) from error


def _in_words(error: Exception) -> str | None:
    """What an error says to a user; nothing for a mistake of ours."""
    # loaded only now: they are slow
    from hrtem_assets.store.room import room_in

    if isinstance(error, HrtemError):
        return str(error)
    try:
        from hrtem_assets.orchestration.instance import written_folders

        with room_in(*written_folders()):
            raise error
    except HrtemError as known:
        return str(known)
    except OSError as known:
        # of another file: a campaign, or where an export goes
        if known.filename is None or known.strerror is None:
            return None
        return f"{known.filename} cannot be used: {known.strerror}; check that it is there and yours to use"
    except Exception:
        return None
