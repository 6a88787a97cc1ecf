"""Who signs: a credential of this computer, made on first use, or the user's own.

C2PA refuses certificates that sign themselves, so the local one comes with an authority of its own whose key is
thrown away once it has signed. It proves no identity; it shows that a file was not changed since `ned` wrote it.
Since there is no time stamp, a signature is good as long as its certificate: ten years.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ned.errors import UserError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

ORGANISATION = "self-made, vouches for nobody"
_YEARS = 10
_RENEW = timedelta(days=365)
_MAX_BYTES, _MAX_ROOTS_BYTES = 256 * 1024, 16 * 1024**2
_CHAIN, _KEY, _ROOT = "chain.pem", "key.pem", "root.pem"


@dataclass(frozen=True)
class Credential:
    """A certificate chain, the signer's first, and its private key; PEM."""

    chain: bytes
    key: bytes = field(repr=False)
    algorithm: str
    """C2PA's name: es256, es384, es512, ps256 or ed25519."""
    local: bool


def config_root() -> Path:
    """`NED_CONFIG`, else `ned` in the user's configuration folder (`XDG_CONFIG_HOME`, `~/.config`)."""
    if chosen := os.environ.get("NED_CONFIG"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config").expanduser() / "ned"


def load_credential(certificate: Path, key: Path) -> Credential:
    """The user's own credential: a PEM chain, the signer's certificate first, and its unencrypted PEM key.

    UserError where one cannot be read, they do not belong together, or the kind of key is none of C2PA's.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    chain, secret = _read(certificate), _read(key)
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
    except ValueError as error:
        raise UserError("holds no PEM certificates", path=certificate, remedy="give the chain as PEM") from error
    try:
        private = serialization.load_pem_private_key(secret, None)
    except (ValueError, TypeError) as error:
        remedy = "give an unencrypted PEM key (PKCS #8)"
        raise UserError("holds no private key that can be read", path=key, remedy=remedy) from error
    if private.public_key() != first.public_key():
        raise UserError("is not the key of the first certificate", path=key, remedy=f"check {certificate}")
    if first.not_valid_after_utc < datetime.now(UTC):
        raise UserError("the certificate has expired", path=certificate, remedy="renew it")
    return Credential(chain, secret, _algorithm(private, key), local=False)


def local_credential() -> Credential:
    """This computer's credential, made where there is none or where it is about to expire.

    It lies in `config_root()/credential`, the key readable by its owner only. UserError where that cannot be written.
    """
    from cryptography import x509

    folder = config_root() / "credential"
    try:
        if folder.is_dir():
            chain, key = _read(folder / _CHAIN), _read(folder / _KEY)
            end = x509.load_pem_x509_certificates(chain)[0].not_valid_after_utc
            if end - datetime.now(UTC) > _RENEW:
                return Credential(chain, key, "es256", local=True)
            os.replace(folder, folder.with_name(f"credential-until-{end:%Y-%m-%d}"))
        _make(folder)
        return Credential(_read(folder / _CHAIN), _read(folder / _KEY), "es256", local=True)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "is damaged"
        raise UserError(
            f"the credential that signs the output: {said}", path=folder,
            remedy="mend or remove the folder, or pass --no-provenance",
        ) from error  # fmt: skip


def load_roots(path: Path) -> str:
    """PEM of the authorities in a file; UserError where it holds none."""
    from cryptography import x509

    data = _read(path, _MAX_ROOTS_BYTES)
    try:
        return b"".join(_pem(certificate) for certificate in x509.load_pem_x509_certificates(data)).decode("ascii")
    except ValueError as error:
        raise UserError("holds no PEM certificates", path=path, remedy="give certificates as PEM") from error


def local_roots() -> str:
    """PEM of the authorities behind all credentials that were made on this computer; may be empty."""
    roots = []
    for file in sorted(config_root().glob(f"credential*/{_ROOT}")):
        with suppress(UserError):  # what is damaged vouches for nothing
            roots.append(load_roots(file))
    return "".join(roots)


def _make(folder: Path) -> None:
    """A new credential in `folder`: whole, or that of another process that was faster."""
    from cryptography.hazmat.primitives import serialization as form

    root, leaf, key = _certificates()
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    texts = {_KEY: secret, _ROOT: _pem(root), _CHAIN: _pem(leaf) + _pem(root)}
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix="part-"))  # 0700
    try:
        for name, text in texts.items():
            handle = os.open(part / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(text)
        with suppress(FileExistsError, OSError):
            os.rename(part, folder)
        if not folder.is_dir():
            raise PermissionError(13, "cannot be made")
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _certificates() -> tuple[x509.Certificate, x509.Certificate, PrivateKeyTypes]:
    """An authority, a certificate that it signed, and the certificate's key, as the C2PA profile wants them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    label = secrets.token_hex(4)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    begin = datetime.now(UTC) - timedelta(minutes=5)  # clocks differ

    def draft(subject: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        names = [
            x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
                       x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {label}")])
            for name in (subject, "ned local root")
        ]  # fmt: skip
        builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=365 * _YEARS))
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)

    def usage(*allowed: str) -> x509.KeyUsage:
        every = (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        )  # fmt: skip
        return x509.KeyUsage(**{name: name in allowed for name in every})

    root = draft("ned local root", root_key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    root = root.add_extension(usage("key_cert_sign", "crl_sign"), True)
    leaf = draft("ned local credential", key.public_key())
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    leaf = leaf.add_extension(usage("digital_signature"), True)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
    return root.sign(root_key, hashes.SHA256()), leaf.sign(root_key, hashes.SHA256()), key


def _algorithm(key: PrivateKeyTypes, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey):
        known = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
        if key.curve.name in known:
            return known[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    raise UserError("C2PA takes no such key", path=path, remedy="use EC P-256, P-384, P-521, Ed25519 or RSA from 2048")


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _read(path: Path, most: int = _MAX_BYTES) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", path=path, remedy="check the path") from error
    if len(data) > most:
        raise UserError("is no PEM file", path=path, remedy="give certificates or a key as PEM")
    return data
