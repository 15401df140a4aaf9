"""`antin sign`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import FinalTry, PasswordSource, PinSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("sign", help="sign")(sign)


def sign(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="sign.files", metavar="FILE")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="sign.output")] = None,
    key: Annotated[str | None, typer.Option("--key", help="key")] = None,
    cert: Annotated[Path | None, typer.Option("--cert", help="sign.cert")] = None,
    level: Annotated[str | None, typer.Option("--level", help="sign.level")] = None,
    display: Annotated[str | None, typer.Option("--display", help="sign.display")] = None,
    image: Annotated[Path | None, typer.Option("--image", help="sign.image")] = None,
    number: Annotated[str | None, typer.Option("--number", help="sign.number")] = None,
    main: Annotated[Path | None, typer.Option("--main", help="sign.main")] = None,
    field: Annotated[str | None, typer.Option("--field", help="sign.field")] = None,
    place: Annotated[str | None, typer.Option("--place", help="sign.place")] = None,
    tsa: Annotated[str | None, typer.Option("--tsa", help="sign.tsa")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="sign.reason")] = None,
    location: Annotated[str | None, typer.Option("--location", help="sign.location")] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="sign.contact")] = None,
    role: Annotated[str | None, typer.Option("--role", help="sign.role")] = None,
    acting: Annotated[str | None, typer.Option("--as", metavar="KT|TL|TUQ", help="sign.as")] = None,
    mandate: Annotated[
        list[Path] | None, typer.Option("--mandate", metavar="FILE", help="sign.mandate")
    ] = None,
    commitment: Annotated[str | None, typer.Option("--commitment", help="sign.commitment")] = None,
    form: Annotated[str | None, typer.Option("--form", help="sign.form")] = None,
    certify: Annotated[bool, typer.Option("--certify", help="sign.certify")] = False,
    lock: Annotated[str | None, typer.Option("--lock", help="sign.lock")] = None,
    permit: Annotated[int | None, typer.Option("--permit", help="sign.permit")] = None,
    owner: Annotated[str | None, typer.Option("--expect-owner", help="sign.owner")] = None,
    require_status: Annotated[
        bool, typer.Option("--require-status", help="sign.require_status")
    ] = False,
    allow_broken: Annotated[bool, typer.Option("--allow-broken", help="sign.allow_broken")] = False,
    pkcs1: Annotated[bool, typer.Option("--pkcs1", help="sign.pkcs1")] = False,
    later: Annotated[bool, typer.Option("--later", help="sign.later")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="sign.overwrite")] = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=32, metavar="N", help="sign.workers")
    ] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="sign.resume")] = False,
    one_pin: Annotated[bool, typer.Option("--one-pin", help="sign.one_pin")] = False,
    final_try: FinalTry = False,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="json_lines")] = False,
    pin_source: PinSource = None,
    password_source: PasswordSource = None,
) -> None:
    """Sign documents; each is judged before it is written."""
    from cli.documents.password import check_readable_again, document_password
    from cli.documents.paths import beside, documents_in, not_outputs, plan_outputs
    from cli.documents.sign_documents import (
        check_resumable,
        for_later,
        sign_later,
    )
    from cli.documents.sign_run import SignRun
    from cli.documents.sign_wishes import SignWishes
    from cli.documents.signer import SignerSearch, certificates_in, find_signer
    from cli.homes.home import find_home, home_directory
    from cli.homes.keys import PINs
    from cli.homes.outside import outside_of
    from signing.files import Existing
    from signing.sign import Signatory

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    if home.settings.demo:
        session.tell("cli.demo_home")
    wishes = SignWishes(
        level=level,
        display=display,
        field=field,
        place=place,
        tsa=tsa,
        reason=reason,
        location=location,
        contact=contact,
        role=role,
        capacity=acting,
        mandates=tuple(mandate or ()),
        commitment=commitment,
        form=form,
        certify=certify,
        lock=lock,
        permit=permit,
        owner=owner,
        pkcs1=pkcs1,
        image=image,
        number=number,
        later=later,
        require_status=require_status,
        allow_broken=allow_broken,
        password_source=password_source,
    )
    if main is not None:
        from cli.documents.annexes import annex_wishes  # reads the text of pages

        wishes = annex_wishes(session, home, wishes, main)
    options = wishes.options(home)
    queued = sign_later(wishes, home, options)
    options = for_later(options) if queued else options
    target = beside(output, "signed")
    outputs = plan_outputs(not_outputs(documents_in(files), files, target), output, target)
    check_resumable(outputs, resume=resume)
    check_readable_again(password_source, workers=workers)
    password = document_password(session, password_source)
    outside = outside_of(session, home, tsa=tsa, password=password)
    issuers = (*outside.trust.anchors, *certificates_in(home.authorities))
    pins = PINs(session, home, pin_source, final_try=final_try, one_pin=one_pin)
    search = SignerSearch(home, pins, outside.policy, issuers)
    located = find_signer(search, key, cert)
    signatory = Signatory(located.signer, options, outside.signing(session.clock))
    existing = Existing.OVERWRITE if overwrite else Existing.REFUSE
    run = SignRun(session, located, signatory, wishes, queued, existing, pins)
    many = len(outputs) > 1 or resume or json_lines or any(one.is_dir() for one in files)
    maker = run.maker(workers, outputs, many=many)
    job = run.job(maker, outputs)
    raise typer.Exit(job.sign_all(resume=resume, json_lines=json_lines) if many else job.sign_one())
