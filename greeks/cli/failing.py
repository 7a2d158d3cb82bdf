"""How a command ends when it does not end well."""

from __future__ import annotations

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
    except Exception:
        traceback.print_exc()
        typer.echo("This is a bug in pathgreeks; the lines above say where.", err=True)
        raise typer.Exit(BUG) from None


def as_option(message: str) -> str:
    """A message of the library in the words of the command line."""
    return message.replace('errors="coerce"', "--errors coerce").replace("list it in keep=[...]", "name it in --keep")
