"""By whom a video is signed: certificates of one's own, of this computer, damaged ones."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ned.cli import main
from ned.errors import UserError
from ned.provenance import Signing, begin_signing, load_credential, local_credential, verify_video
from ned.provenance.contained import Contained
from ned.provenance.credential import config_root
from tests.provenance.signed import signed


def test_local_credential_is_private_kept_and_renewed(tmp_path):
    first = local_credential()
    folder = config_root() / "credential"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert local_credential() == first and "PRIVATE" not in repr(first)
    final, _ = signed(tmp_path, ".mp4")
    soon = datetime.now(UTC) + timedelta(days=30)
    leaf, key = _chain(end=soon)
    for name, data in (("chain.pem", leaf), ("key.pem", key)):
        (folder / name).write_bytes(data)
    assert local_credential() not in (first,)
    assert verify_video(final).trust == "local"  # the old one's root is kept
    assert main(["verify", str(final)]) == 0


def test_damaged_local_credential_is_an_error_with_remedy(tmp_path):
    local_credential()
    (config_root() / "credential" / "chain.pem").write_bytes(b"nothing")
    with pytest.raises(UserError, match="--no-provenance"):
        local_credential()


def _chain(*, end=None, curve=None, usage=ExtendedKeyUsageOID.EMAIL_PROTECTION):
    """A chain and its key (PEM), made by other code than ned's."""
    begin, end = datetime.now(UTC) - timedelta(days=1), end or datetime.now(UTC) + timedelta(days=900)
    root_key = ec.generate_private_key(ec.SECP256R1())
    key = rsa.generate_private_key(65537, 2048) if curve == "rsa" else ec.generate_private_key(curve or ec.SECP256R1())

    def signed(cn, public, authority):
        name, issuer = (
            x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Newsroom"),
                       x509.NameAttribute(NameOID.COMMON_NAME, n)])
            for n in (cn, "Newsroom root")
        )  # fmt: skip
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
        builder = builder.add_extension(x509.BasicConstraints(authority, None), True)
        uses = dict.fromkeys(
            ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign",
             "encipher_only", "decipher_only"], False)  # fmt: skip
        uses |= {"digital_signature": not authority, "key_cert_sign": authority}
        builder = builder.add_extension(x509.KeyUsage(**uses), True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False
        )
        if not authority and usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), False)
        return builder.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    chain = signed("Editor", key.public_key(), False) + signed("Newsroom root", root_key.public_key(), True)
    form = serialization.PrivateFormat.PKCS8
    return chain, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _files(folder, **kwargs):
    chain, key = _chain(**kwargs)
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(key)
    return folder / "chain.pem", folder / "key.pem"


@pytest.mark.parametrize("curve", [None, ec.SECP384R1(), "rsa"])
def test_own_credential_is_unknown_until_its_root_is_named(tmp_path, curve, capsys):
    chain, key = _files(tmp_path, curve=curve)
    final, _ = signed(tmp_path, ".mp4", load_credential(chain, key))
    assert (verify_video(final).state, verify_video(final).trust) == ("valid", "unknown")
    assert "Editor" in verify_video(final).signer
    assert main(["verify", str(final), "--trust", str(chain)]) == 0
    assert "an authority that you named vouches" in capsys.readouterr().out


def test_damaged_roots_are_an_error_and_damaged_local_ones_vouch_for_nothing(tmp_path, capsys):
    final, _ = signed(tmp_path, ".mp4")
    garbage = tmp_path / "roots.pem"
    garbage.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert main(["verify", str(final), "--trust", str(garbage)]) == 2
    assert "roots.pem: holds no PEM certificates" in capsys.readouterr().err
    (config_root() / "credential" / "root.pem").write_bytes(garbage.read_bytes())
    assert (verify_video(final).state, verify_video(final).trust) == ("valid", "unknown")


def test_credential_errors_name_file_and_cause(tmp_path):
    chain, key = _files(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _, strange = _files(other)
    with pytest.raises(UserError, match=r"key\.pem: is not the key of the first certificate"):
        load_credential(chain, strange)
    with pytest.raises(UserError, match="holds no PEM certificates"):
        load_credential(key, key)
    with pytest.raises(UserError, match="no private key"):
        load_credential(chain, chain)
    late = tmp_path / "late"
    late.mkdir()
    with pytest.raises(UserError, match="expired"):
        load_credential(*_files(late, end=datetime.now(UTC) - timedelta(hours=1)))


def test_certificate_for_another_purpose_is_refused_before_any_work(tmp_path):
    chain, key = _files(tmp_path, usage=ExtendedKeyUsageOID.SERVER_AUTH)
    with pytest.raises(UserError, match="C2PA refuses the certificate"):
        begin_signing(tmp_path / "any.mp4", True, chain, key)
    meanwhile = Signing(load_credential(chain, key), tmp_path / "any.mp4")  # as this computer's own is tried
    with pytest.raises(UserError, match="C2PA refuses the certificate"):
        meanwhile.check()


def test_the_process_that_signs_waits_for_its_task():
    """And goes away by itself where nobody has one for it."""
    credential = local_credential()
    given = {"chain": credential.chain.decode(), "key": credential.key.decode(), "algorithm": credential.algorithm}
    worker = Contained()
    assert worker._process.poll() is None and worker.call("trial", 0, **given) == {"done": True}
    unused = Contained()
    unused._process.stdin.close()
    assert unused._process.wait(20) == 0
