"""`antin token show`: what a token is, what its PINs' states mean, what it can and lacks."""

from __future__ import annotations

from typing import Any

from cli.session import Session, table
from cli.tokens.choose import Chosen
from hsm.capabilities import Capabilities, SigningAlgorithm, SizeRange, read_capabilities
from hsm.tokens import TokenInfo

_NAMES = {
    SigningAlgorithm.RSA_PKCS1_SHA256: "RSA PKCS#1 v1.5, SHA-256",
    SigningAlgorithm.RSA_PKCS1_SHA384: "RSA PKCS#1 v1.5, SHA-384",
    SigningAlgorithm.RSA_PKCS1_SHA512: "RSA PKCS#1 v1.5, SHA-512",
    SigningAlgorithm.RSA_PSS_SHA256: "RSASSA-PSS, SHA-256",
    SigningAlgorithm.RSA_PSS_SHA384: "RSASSA-PSS, SHA-384",
    SigningAlgorithm.RSA_PSS_SHA512: "RSASSA-PSS, SHA-512",
    SigningAlgorithm.ECDSA_P256_SHA256: "ECDSA P-256, SHA-256",
    SigningAlgorithm.ECDSA_P384_SHA384: "ECDSA P-384, SHA-384",
    SigningAlgorithm.ECDSA_P521_SHA512: "ECDSA P-521, SHA-512",
    SigningAlgorithm.ED25519: "Ed25519",
    SigningAlgorithm.ML_DSA: "ML-DSA",
}


def show_token(session: Session, chosen: Chosen) -> None:
    """Say what the token is and can do; nobody logs in.

    Raises:
        PKIError: whatever the token answers.
    """
    token = chosen.module.refresh(chosen.token)
    can = read_capabilities(chosen.module, token)
    session.put(
        "token.show/1",
        {
            "token": _token_object(chosen, token),
            "signs": [
                {"algorithm": one.value, "present": place is not None, "hashed": place}
                for one, place in can.signs
            ],
            "makes": [{"key_type": one.value, "present": present} for one, present in can.makes],
            "rsa_bits": _range_object(can.rsa_bits),
        },
        lambda: f"{_token_text(session, chosen, token)}\n\n{_abilities_text(session, can)}",
    )


def _token_object(chosen: Chosen, token: TokenInfo) -> dict[str, Any]:
    sizes = token.pin_bytes
    return {
        "label": token.label,
        "serial": token.serial,
        "manufacturer": token.manufacturer,
        "model": token.model,
        "hardware": token.hardware,
        "firmware": token.firmware,
        "slot": token.slot_id,
        "module": str(chosen.module.path),
        "write_protected": token.write_protected,
        "pin_pad": token.protected_path,
        "pin_set": token.pin_set,
        "pin": token.pin_state.value,
        "officer_pin": token.so_pin_state.value,
        "pin_bytes": {"min": sizes.start, "max": sizes.stop - 1} if sizes else None,
    }


def _range_object(sizes: SizeRange | None) -> dict[str, int] | None:
    return {"min": sizes.smallest, "max": sizes.largest} if sizes else None


def _token_text(session: Session, chosen: Chosen, token: TokenInfo) -> str:
    word = session.word
    yes, no = word("cli.yes"), word("cli.no")
    pin = token.pin_state.value if token.pin_set else "unset"
    sizes = token.pin_bytes
    length = (
        word("cli.token.pin_length", shortest=sizes.start, longest=sizes.stop - 1)
        if sizes
        else word("cli.token.not_told")
    )
    rows = {
        "label": token.label,
        "serial": token.serial,
        "maker": token.manufacturer,
        "model": token.model,
        "versions": word("cli.token.of_both", hardware=token.hardware, firmware=token.firmware),
        "slot": str(token.slot_id),
        "module": str(chosen.module.path),
        "pin": word(f"cli.token.pin.{pin}"),
        "officer": word(f"cli.token.officer.{token.so_pin_state}"),
        "pin_bytes": length,
        "pad": yes if token.protected_path else no,
        "write_protected": yes if token.write_protected else no,
    }
    return table([(word(f"cli.token.is.{name}"), text) for name, text in rows.items()])


def _abilities_text(session: Session, can: Capabilities) -> str:
    word = session.word
    present, lacking = word("cli.token.present"), word("cli.token.lacking")
    signs = [
        (_NAMES[one], word(f"cli.token.hashed.{place}") if place else lacking)
        for one, place in can.signs
    ]
    makes = [(one.value, present if made else lacking) for one, made in can.makes]
    sizes = can.rsa_bits
    bits = (
        word("cli.token.bits", smallest=sizes.smallest, largest=sizes.largest)
        if sizes
        else word("cli.token.not_told")
    )
    return "\n".join(
        (
            word("cli.token.signs"),
            _indented([*signs]),
            "",
            word("cli.token.makes"),
            _indented([*makes, (word("cli.token.rsa_bits"), bits)]),
        )
    )


def _indented(rows: list[tuple[str, str]]) -> str:
    return "\n".join(f"  {line}" for line in table(rows).splitlines())
