"""What a signature forbids after it: the lock that its field carries.

Spec: ISO 32000-2 §12.7.5.5 (signature field lock dictionary), §12.8.2.2 (DocMDP), §12.8.2.4
(FieldMDP).
"""

from __future__ import annotations

from pyhanko.sign.fields import FieldMDPSpec, MDPPerm
from pyhanko.sign.signers.cms_embedder import SigMDPSetup

from signing.document import FieldPlan
from signing.objects import entry


def plan_permissions(plan: FieldPlan, digest_name: str) -> SigMDPSetup:
    """Return what the signature dictionary says of later changes."""
    lock = entry(plan.reference, "/Lock")
    if lock is None:
        return SigMDPSetup(md_algorithm=digest_name)
    permission = entry(lock, "/P")
    return SigMDPSetup(
        md_algorithm=digest_name,
        field_lock=FieldMDPSpec.from_pdf_object(lock),
        docmdp_perms=None if permission is None else MDPPerm(permission),
    )
