"""How a command ends when it does not end well."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from greeks.errors import GreeksError

SOME_FAILED, BAD_INPUT, BUG, INTERRUPTED = 1, 2, 70, 130


@contextmanager
def exit_codes(interrupted: str = "interrupted") -> Iterator[None]:
    """Errors of ours become a message and exit code 2; a bug keeps its traceback, and has a code of its own."""
    try:
        yield
    except GreeksError as error:
        typer.echo(as_option(str(error)), err=True)
        raise typer.Exit(SOME_FAILED if hasattr(error, "failures") else BAD_INPUT) from None
    except KeyboardInterrupt:
        typer.echo(interrupted, err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
        raise
    except Exception:  # whatever it is, it is none that was foreseen: told in full, and not as the user's fault
        traceback.print_exc()
        typer.echo("This is a bug in pathgreeks; the lines above say where.", err=True)
        raise typer.Exit(BUG) from None


def as_option(message: str) -> str:
    """A message of the library in the words of the command line.

    >>> as_option("Settings.max_paths = 0: expected a whole number")
    '--max-paths = 0: expected a whole number'
    """
    for said, meant in _WORDS.items():
        message = message.replace(said, meant)
    message = re.sub(r"name the underlyings that have it, as Shift\(.*?\.\.\.\)", _UNDERLYING, message)
    return re.sub(r"\bSettings\.(\w+)", lambda found: f"--{found[1].replace('_', '-')}", message)


_WORDS = {'errors="coerce"': "--errors coerce", "list it in keep=[...]": "name it in --keep"}
_UNDERLYING = "name one that has it with --underlying"
