"""Signed videos: valid as written, damaged at a flipped bit, by whom, from which source."""

import hashlib
import json
import os
import stat
from datetime import UTC, datetime, timedelta

import av
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ned.cli import main
from ned.errors import ProcessingError, UserError
from ned.provenance import Signing, Statement, load_credential, local_credential, sign_video, verify_video
from ned.provenance.credential import config_root
from tests.video.tiny_clips import make_clip


@pytest.fixture(autouse=True)
def own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_CONFIG", str(tmp_path / "config"))


def _statement(source, said="to happy at intensity 1"):
    return Statement(source, said, (2,), 12, 10, False, {"emotion": "happy", "seed": "0"})


def _signed(folder, suffix, credential=None, source=None, name="out"):
    source = source or make_clip(folder / "source.mp4", audio="aac")
    final = make_clip(folder / f"{name}{suffix}", audio="aac", codec="mpeg4" if suffix == ".avi" else "libx264")
    sign_video(final, final, _statement(source), credential or local_credential())
    return final, source


def _packets(path):
    with av.open(str(path)) as video:
        return [(p.stream_index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p)) for p in video.demux()]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".m4v", ".avi", ".mkv"])
def test_signed_video_is_valid_and_keeps_every_packet(tmp_path, suffix):
    source = make_clip(tmp_path / "source.mp4", audio="aac")
    codec = "mpeg4" if suffix == ".avi" else "libx264"
    final = make_clip(tmp_path / f"out{suffix}", audio="aac", codec=codec)
    before = _packets(final)
    sign_video(final, final, _statement(source), local_credential())
    assert _packets(final) == before
    verdict = verify_video(final, source=source)
    assert verdict.good and verdict.state == "valid" and verdict.trust == "local" and verdict.causes == ()
    assert verdict.edit == "to happy at intensity 1, person 2, 10 of 12 frames"
    assert verdict.source == "source.mp4" and not verdict.source_signed
    assert verdict.source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert "c2pa.edited" in verdict.actions
    beside = final.with_suffix(".c2pa")
    assert beside.exists() == (suffix == ".mkv")
    assert {file.name for file in tmp_path.iterdir()} - {"config", "source.mp4", final.name} <= {beside.name}


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".avi", ".mkv"])
def test_one_flipped_bit_of_the_images_is_told(tmp_path, suffix):
    final, _ = _signed(tmp_path, suffix)
    data = bytearray(final.read_bytes())
    with av.open(str(final)) as video:
        packet = next(p for p in video.demux(video=0) if p.size > 40)
        at = data.index(bytes(packet)[-30:])
    data[at + 10] ^= 1
    final.write_bytes(data)
    verdict = verify_video(final)
    assert verdict.state == "tampered" and verdict.causes and not verdict.good


def test_changed_manifest_is_told(tmp_path):
    final, _ = _signed(tmp_path, ".mp4")
    data = final.read_bytes()
    assert data.count(b"to happy at") >= 2
    final.write_bytes(data.replace(b"to happy at", b"to angry at"))
    assert verify_video(final).state == "tampered"


def test_unsigned_files_and_other_files_say_so(tmp_path, capsys):
    clip = make_clip(tmp_path / "plain.mp4")
    text = tmp_path / "notes.txt"
    text.write_text("no video")
    assert verify_video(clip).state == verify_video(text).state == "unsigned"
    assert main(["verify", str(clip)]) == 2
    assert "no provenance" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "missing.mp4")]) == 2
    assert "no such signed file" in capsys.readouterr().err


def test_command_tells_source_from_other_and_speaks_json(tmp_path, capsys):
    final, source = _signed(tmp_path, ".mp4")
    other = make_clip(tmp_path / "other.mp4", count=5)
    assert main(["verify", str(final), "--source", str(source)]) == 0
    said = capsys.readouterr().out
    assert "valid" in said and "is the source" in said and "nobody vouches" in said
    assert main(["verify", str(final), "--source", str(other)]) == 1
    assert "is NOT the source" in capsys.readouterr().out
    assert main(["verify", str(final), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["state"] == "valid" and plain["source_matches"] is None and plain["trust"] == "local"


def test_names_from_a_manifest_cannot_steer_the_terminal(tmp_path, capsys):
    source = make_clip(tmp_path / "a\x1b[31mred.mp4")
    final = make_clip(tmp_path / "out.mp4")
    sign_video(final, final, _statement(source), local_credential())
    main(["verify", str(final)])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_manifest_of_the_source_is_kept_as_history(tmp_path, suffix):
    first, _ = _signed(tmp_path, suffix, name="first")
    final = make_clip(tmp_path / "second.mp4")
    sign_video(final, final, _statement(first), local_credential())
    verdict = verify_video(final, source=first)
    assert verdict.good and verdict.source_signed


def test_damaged_source_is_named_all_the_same(tmp_path):
    source = tmp_path / "damaged.mp4"
    whole = make_clip(tmp_path / "whole.mp4").read_bytes()
    source.write_bytes(b"\0\0\0\x02ftyp" + whole[8:])
    final = make_clip(tmp_path / "out.mp4")
    sign_video(final, final, _statement(source), local_credential())
    verdict = verify_video(final, source=source)
    assert verdict.good and verdict.source == "damaged.mp4"


def test_local_credential_is_private_kept_and_renewed(tmp_path):
    first = local_credential()
    folder = config_root() / "credential"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert local_credential() == first and "PRIVATE" not in repr(first)
    final, _ = _signed(tmp_path, ".mp4")
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
    final, _ = _signed(tmp_path, ".mp4", load_credential(chain, key))
    assert (verify_video(final).state, verify_video(final).trust) == ("valid", "unknown")
    assert "Editor" in verify_video(final).signer
    assert main(["verify", str(final), "--trust", str(chain)]) == 0
    assert "an authority that you named vouches" in capsys.readouterr().out


def test_damaged_roots_are_an_error_and_damaged_local_ones_vouch_for_nothing(tmp_path, capsys):
    final, _ = _signed(tmp_path, ".mp4")
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
        Signing(load_credential(chain, key), tmp_path / "any.mp4")


def test_failure_leaves_the_part_as_it_was(tmp_path, monkeypatch):
    source, part = make_clip(tmp_path / "source.mp4"), make_clip(tmp_path / "part.mp4")
    part.write_bytes(part.read_bytes()[:40] + b"\0\0\0\x02" + part.read_bytes()[44:])
    before = part.read_bytes()
    with pytest.raises(ProcessingError, match=r"final\.mp4: cannot be signed"):
        sign_video(part, tmp_path / "final.mp4", _statement(source), local_credential())
    assert part.read_bytes() == before
    assert {f.name for f in tmp_path.iterdir()} == {"source.mp4", "part.mp4", "config"}


def test_process_signs_by_default_and_says_what_it_did(sample, tmp_path, capsys):
    output = tmp_path / "sad.mp4"
    arguments = ["process", str(sample.path), "-o", str(output), "-e", "sad", "--end", "0.4", "--compare", "--quiet"]
    assert main([*arguments, "--preset", "ultrafast"]) == 0
    for video in (output, tmp_path / "sad_compare.mp4"):
        verdict = verify_video(video, source=sample.path)
        assert verdict.good and verdict.edit.startswith("to sad at intensity 1, person 1, 10 of 10 frames")
        assert "c2pa.trimmed" in verdict.actions
    with av.open(str(output)) as video:
        assert "to sad at intensity 1" in video.metadata["comment"]
    assert str(sample.path.parent) not in json.dumps(output.read_bytes().decode("latin-1"))
    capsys.readouterr()


def test_no_provenance_is_noted_and_takes_an_old_manifest_away(sample, tmp_path, capsys):
    output = tmp_path / "sad.mkv"
    arguments = ["process", str(sample.path), "-o", str(output), "--end", "0.2", "--preset", "ultrafast", "--quiet"]
    assert main(arguments) == 0
    assert output.with_suffix(".c2pa").is_file() and verify_video(output).good
    assert main([*arguments, "--overwrite", "--no-provenance"]) == 0
    assert "not signed" in capsys.readouterr().out
    assert not output.with_suffix(".c2pa").exists()
    assert verify_video(output).state == "unsigned"


def test_zero_edit_does_not_claim_one(sample, tmp_path):
    output = tmp_path / "same.mp4"
    assert main(["process", str(sample.path), "-o", str(output), "-i", "0", "--end", "0.2", "--quiet"]) == 0
    verdict = verify_video(output)
    assert verdict.good and "c2pa.edited" not in verdict.actions and verdict.edit.startswith("nothing was edited")


def test_existing_manifest_is_not_overwritten(sample, tmp_path, capsys):
    (tmp_path / "sad.c2pa").write_bytes(b"mine")
    assert main(["process", str(sample.path), "-o", str(tmp_path / "sad.mkv"), "--end", "0.2"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert os.listdir(tmp_path) and (tmp_path / "sad.c2pa").read_bytes() == b"mine"


def test_missing_library_is_told_as_such(tmp_path, monkeypatch):
    (tmp_path / "c2pa.py").write_text("raise ImportError('not here')")
    final = make_clip(tmp_path / "out.mp4")
    monkeypatch.setattr("ned.provenance.contained._PACKAGE", tmp_path / "first")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.getcwd()}")
    with pytest.raises(ProcessingError, match="the c2pa library cannot be loaded.*not here.*--no-provenance"):
        verify_video(final)


@pytest.mark.parametrize(
    ("body", "said"), [("import time; time.sleep(60)", "come to an end"), ("import os; os.abort()", "broke down")]
)
def test_a_library_that_hangs_or_dies_is_contained(tmp_path, monkeypatch, body, said):
    final, source = _signed(tmp_path, ".mp4")
    before = final.read_bytes()
    credential = local_credential()
    (tmp_path / "c2pa.py").write_text(body)
    monkeypatch.setattr("ned.provenance.contained._PACKAGE", tmp_path / "first")
    monkeypatch.setattr("ned.provenance.contained._AT_LEAST_S", 1.5)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.getcwd()}")
    verdict = verify_video(final)
    assert verdict.state == "tampered" and said in verdict.causes[0]
    with pytest.raises(ProcessingError, match=f"cannot be signed.*{said}"):
        sign_video(final, final, _statement(source), credential)
    assert final.read_bytes() == before and not list(tmp_path.glob(".ned-*"))
