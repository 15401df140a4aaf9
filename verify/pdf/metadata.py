"""What may change after a signature: pyHanko's rules, metadata looked at only where they changed.

pyHanko 0.38 wants the metadata to be well-formed XML whenever anything was appended, also where
nobody touched them: a document whose XMP is none (Word and scanners make such) would count as
changed as soon as a second person signed it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyhanko.pdf_utils.generic import IndirectObject
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    ReferenceUpdate,
    StandardDiffPolicy,
    XrefStreamRule,
)


class ChangedMetadataRule(MetadataUpdateRule):
    """pyHanko's rule, for metadata that an update names or writes anew."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        """Return what about the metadata may have changed; nothing where all is as it was."""
        before, after = (dict.get(each.root, "/Metadata") for each in (old, new))
        if isinstance(before, IndirectObject) and isinstance(after, IndirectObject):
            xrefs = new.reader.xrefs
            places = (
                xrefs.get_historical_ref(named.reference, each.revision)
                for named, each in ((before, old), (after, new))
            )
            if before.reference == after.reference and len(set(places)) == 1:
                return ()
        return super().apply(old, new)


_AS_EVIDENCE = ModificationLevel.LTA_UPDATES

CHANGES_POLICY = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        *(
            rule.as_qualified(_AS_EVIDENCE)
            for rule in (
                DocInfoRule(),
                XrefStreamRule(),
                ObjectStreamRule(),
                DSSCompareRule(),
                ChangedMetadataRule(),  # type: ignore[no-untyped-call]  # pyHanko's
            )
        ),
    ],
    form_rule=DEFAULT_DIFF_POLICY.form_rule,
)
"""pyHanko's standard policy but for the one rule."""
