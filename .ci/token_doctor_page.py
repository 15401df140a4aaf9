"""Writes `docs/token-doctor.md`: the page of `antin token doctor`, of two machines made up here.

What is judged, said and laid out is the program's own; only what was seen is invented, so that the
page is the same wherever it is written.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.session import Session
from cli.tokens.doctor import diagnosis_object
from cli.tokens.doctor_page import page
from hsm.discovery.candidates import Origin
from hsm.discovery.known import Confidence
from hsm.discovery.probe_result import ProbeState
from hsm.discovery.service import ServiceState
from hsm.doctor.anonymous import anonymous
from hsm.doctor.diagnosis import diagnose
from hsm.doctor.seen import KeySight, Seen, SeenCertificate, SeenModule, SeenReader, SeenToken
from hsm.errors import ModuleArchitectureError, ModuleHungError
from hsm.tokens import PINState, TokenInfo
from pki.words import Language

CHECKOUT = Path(__file__).resolve().parent.parent
WIDTH = 96
NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
INTRODUCTION = """<!-- Written by `make docs` with the program's own words: change them there. -->
# The token doctor

One page for whoever helps officials sign: can a document be signed on this computer, and if not,
why, and what is to be done. Nobody logs in for it, and no PIN try is used.

```console
$ antin token doctor
$ antin token doctor --lang en
$ antin token doctor --json
$ antin token doctor --report for-the-help-desk.txt
```

| status | meaning |
|---|---|
| 0 | a document could be signed now |
| 4 | nothing can sign; the first line says why |

It can where a certificate for signing documents is in force and the key beside it is not another
one, its token is set up, has a PIN and is not locked, and the home uses its module.

It looks at the smart-card service, the readers, every PKCS#11 module that `antin.toml`, p11-kit or
the table of known modules names (each in a process of its own with a time limit, so that one that
crashes or hangs is told as such), the tokens in them with what their flags tell of the PINs, and
the certificates on them. Modules that the home does not use are looked at too; a token in one of
them is told with what to write into `antin.toml`. Whether a certificate is revoked, and whether its
path is trusted, `antin sign` says. `antin doctor` has the same in one line.

`--report` writes a new file that only its owner reads: JSON where its name ends in `.json`, else
the page. Left out are names, e-mail addresses, personal and tax numbers, the labels of tokens, all
of a serial number but its last four characters, and the user's name in paths; of a certificate
stay the beginning of its SHA-256, its issuer and its period. It is a good habit to look it through
before it is handed on.

## Which modules a home uses

```toml
[tokens]
modules = ["/usr/lib/libvendor.so"]  # named ones come first, in this order
search = true         # then those of p11-kit and of the table of known modules
limit_seconds = 20    # for trying a module, for one call, for one signature

[[tokens.module]]     # one with settings of its own: an HSM on the network
path = "/opt/hsm/libhsm.so"
sessions = 4
limit_seconds = 60
```

Left out, `search` is true, but for a home with an embedded store (`embedded = true`, what
`antin init` makes): that one uses its own tokens and what is named. Every module is tried in a
process of its own before it is loaded. One that is named and does not work is told on stderr, and
the tokens of the others sign all the same; a token that two modules show is left to the first.
"""


def machine_in_trouble() -> Seen:
    """A 32-bit middleware, a module that hangs, and a token that is locked."""
    system = "C:\\Windows\\System32\\"
    bit4id = Path(system + "bit4xpki.dll")
    small = Path("C:\\Windows\\SysWOW64\\eTPKCS11.dll")
    hung = Path(system + "viettel-ca_v6.dll")
    architecture = "PE 32-bit i386 on 64-bit x86-64"
    token = TokenInfo("Nguyen Van Mau", "7260A1B2C3D4", "Bit4id", pin_state=PINState.LOCKED)
    return Seen(
        NOW,
        ServiceState.RUNNING,
        modules=(
            SeenModule("Bit4id (VGCA)", bit4id, Origin.KNOWN, ProbeState.USABLE, version="1.4"),
            SeenModule(
                "SafeNet eToken",
                small,
                Origin.CONFIGURED,
                ProbeState.WRONG_ARCHITECTURE,
                detail=architecture,
                error=ModuleArchitectureError(module=small, reason=architecture),
            ),
            SeenModule(
                "Viettel-CA",
                hung,
                Origin.KNOWN,
                ProbeState.HUNG,
                "C_Initialize",
                "10.0 s",
                confidence=Confidence.REPORTED,
                error=ModuleHungError(module=hung, stage="C_Initialize", reason="10.0 s"),
            ),
        ),
        readers=(SeenReader("Bit4id miniLector 0", "Bit4id (VGCA)", occupied=True),),
        tokens=(
            SeenToken(
                token, "Bit4id (VGCA)", used=True, certificates=(certificate(left=400),), keys=1
            ),
        ),
    )


def machine_that_signs() -> Seen:
    """A token that signs: its certificate ends soon, and two makers' software shows it."""
    opensc = Path("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so")
    vendor = Path("/usr/lib/libeToken.so")
    token = TokenInfo("Nguyen Van Mau", "02A3F91C", "SafeNet, Inc.", pin_state=PINState.COUNT_LOW)
    return Seen(
        NOW,
        ServiceState.RUNNING,
        modules=(
            SeenModule("SafeNet eToken", vendor, Origin.KNOWN, ProbeState.USABLE, version="10.8"),
            SeenModule("OpenSC", opensc, Origin.P11_KIT, ProbeState.USABLE, version="0.23"),
        ),
        readers=(SeenReader("SafeNet eToken 5110 00 00", "SafeNet eToken", occupied=True),),
        tokens=(
            SeenToken(
                token,
                "SafeNet eToken",
                used=True,
                also_in=("OpenSC",),
                certificates=(certificate(left=21),),
                keys=1,
            ),
        ),
    )


def certificate(*, left: int) -> SeenCertificate:
    """Return an official's certificate that is in force for so many days more."""
    end = NOW + timedelta(days=left)
    return SeenCertificate(
        name="Nguyễn Văn Mẫu",
        serial="5402a91b66c01d7e",
        issuer="CA phục vụ các cơ quan Nhà nước G2",
        sha256="9f2c41d07be85a13" * 4,
        not_before=end - timedelta(days=5 * 365),
        not_after=end,
        fits=True,
        authority=False,
        key=KeySight.SEEN,
        key_sha256="0b" * 32,
    )


def write_page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for title, seen in (
        ("A computer that cannot sign", machine_in_trouble()),
        ("A computer that can sign", machine_that_signs()),
    ):
        parts.append(f"## {title}\n")
        pages = [page(diagnose(seen), Session(one), width=WIDTH) for one in Language]
        parts += [_block("text", text) for text in pages]
    parts.append("## The same in a report\n\nThe computer that can sign, one of its tokens:\n")
    nameless = diagnosis_object(diagnose(anonymous(machine_that_signs())), Session(Language.EN))
    parts.append(_block("json", json.dumps(nameless["tokens"][0], ensure_ascii=False, indent=2)))
    return "\n".join(parts)


def _block(kind: str, text: str) -> str:
    return f"```{kind}\n{text}\n```\n"


if __name__ == "__main__":
    (CHECKOUT / "docs" / "token-doctor.md").write_text(write_page(), encoding="utf-8")
