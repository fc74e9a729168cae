"""The way into the `hrtem` command: from the first import on Ctrl+C is one line and exit code 130."""

import sys


def main() -> None:
    """Run the command, and leave with its exit code."""
    try:
        from hrtem_assets.base import interruption

        interruption.prepare()
        # takes a second and more: the user may have seen a mistake by then
        from hrtem_assets.cli import main as command

        command()
    except KeyboardInterrupt:
        # the first import may be what was interrupted
        from hrtem_assets.base import interruption

        interruption.end_at_once_next_time()
        print(interruption.SENTENCE, file=sys.stderr)
        interruption.leave()
    except SystemExit as left:
        if left.code == interruption.EXIT_CODE:
            interruption.leave()
        raise


if __name__ == "__main__":
    main()
