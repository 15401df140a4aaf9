"""One module a command group; heavy imports stay inside the commands.

These modules do not postpone their annotations: Typer would evaluate each of them again as text,
which is half of what `antin --help` takes.
"""
