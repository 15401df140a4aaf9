"""`antin fields`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PasswordSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("fields", help="fields")(fields)


def fields(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="fields.file", metavar="FILE")],
    password_source: PasswordSource = None,
) -> None:
    """List the signature fields of a document."""
    from cli.documents.field_list import field_object, field_text
    from cli.documents.password import document_password
    from signing.fields import list_fields
    from signing.reading import read_document
    from verify.policy import default_policy

    session = session_of(context)
    limits = default_policy().limits
    data = read_document(file, limit=limits.document_bytes)
    password = document_password(session, password_source)
    found = list_fields(data, name=file.name, limits=limits, password=password)
    listed = {"document": str(file), "fields": [field_object(each) for each in found]}
    session.put("fields/1", listed, lambda: field_text(session, found))
