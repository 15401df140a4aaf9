"""What a signature forbids after it: certification, locks asked for, the lock its field carries.

The lock of a field that was there before is its author's and is obeyed; what is asked for beside
it may only be stricter.

Spec: ISO 32000-2 §12.7.5.5 (signature field lock dictionary), §12.8.2.2 (DocMDP), §12.8.2.4
(FieldMDP).
"""

from __future__ import annotations

from pyhanko.pdf_utils.generic import DictionaryObject, NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm
from pyhanko.sign.signers.cms_embedder import SigMDPSetup

from signing.document import FieldPlan
from signing.errors.documents import LockDiffersError, LockTooLateError
from signing.objects import entry
from signing.options import FieldLock, SigningOptions
from signing.seed import Seeded


def plan_permissions(
    plan: FieldPlan, options: SigningOptions, digest_name: str, *, seeded: Seeded, signed: bool
) -> SigMDPSetup:
    """Return what the signature dictionary says of later changes.

    Args:
        plan: the field.
        options: what is asked for.
        digest_name: of the document, as pyHanko calls it.
        seeded: what the field's seed values ask for.
        signed: somebody signed the document before.

    Raises:
        LockDiffersError: a lock is asked for that leaves open what the field's own closes.
        LockTooLateError: a permission is asked for that the field does not bring: writing it there
            would be a change after the signatures before.
    """
    own = entry(plan.reference, "/Lock")
    lock = _lock_of(own) if isinstance(own, DictionaryObject) else None
    asked = lock_spec(options.lock) if options.lock else None
    if lock is not None and asked is not None and not _covers(asked, lock):
        raise LockDiffersError(field=plan.name, action=lock.action.value.lstrip("/"))
    wanted = (
        options.certify,
        options.lock.permission if options.lock else None,
        _permission_of(own),
        seeded.permission,
    )
    permissions = [MDPPerm(int(each)) for each in wanted if each is not None]
    stricter = min(permissions, default=None)
    kept = _permission_of(own) == (stricter.value if stricter else None)
    if signed and plan.reference is not None and not kept and options.certify is None:
        raise LockTooLateError(field=plan.name)
    return SigMDPSetup(
        md_algorithm=digest_name,
        certify=options.certify is not None,
        field_lock=asked or lock or _lock_for(permissions, certify=options.certify is not None),
        docmdp_perms=stricter,
    )


def note_in_field(
    writer: IncrementalPdfFileWriter, field: DictionaryObject, mdp: SigMDPSetup
) -> None:
    """Write the permission into the field's lock, where readers look for it.

    A certification has it in the signature dictionary instead.
    """
    if mdp.certify or mdp.docmdp_perms is None:
        return
    lock = entry(field, "/Lock")
    if _permission_of(lock) == mdp.docmdp_perms.value:
        return
    if not isinstance(lock, DictionaryObject):
        assert mdp.field_lock is not None  # noqa: S101  a permission comes with a lock
        lock = field[pdf_name("/Lock")] = mdp.field_lock.as_sig_field_lock()
    lock[pdf_name("/P")] = NumberObject(mdp.docmdp_perms.value)
    writer.update_container(lock)  # it may be an object of its own


def lock_spec(lock: FieldLock) -> FieldMDPSpec:
    """Return a lock as pyHanko has it."""
    return FieldMDPSpec(FieldMDPAction(f"/{lock.action}"), list(lock.fields) or None)


def _lock_of(dictionary: DictionaryObject) -> FieldMDPSpec:
    return FieldMDPSpec.from_pdf_object(dictionary)


def _permission_of(lock: object) -> int | None:
    found: object = entry(lock, "/P")
    return int(found) if isinstance(found, int) else None


def _lock_for(permissions: list[MDPPerm], *, certify: bool) -> FieldMDPSpec | None:
    """Return a lock of no field, to carry a permission where nothing else would."""
    return FieldMDPSpec(FieldMDPAction.INCLUDE, []) if permissions and not certify else None


def _covers(asked: FieldMDPSpec, lock: FieldMDPSpec) -> bool:
    """Say whether everything that `lock` locks is locked by `asked`."""
    named, wanted = set(asked.fields or ()), set(lock.fields or ())
    match (asked.action, lock.action):
        case (FieldMDPAction.ALL, _):
            return True
        case (FieldMDPAction.INCLUDE, FieldMDPAction.INCLUDE):
            return wanted <= named
        case (FieldMDPAction.EXCLUDE, FieldMDPAction.EXCLUDE):
            return named <= wanted
        case _:
            return False
