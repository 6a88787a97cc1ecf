"""Signed provenance (C2PA): the output says that it was edited, how, with what, and out of which source.

    credential = local_credential()
    sign_video(part, Path("talk_happy.mp4"), statement, credential)
    verdict = verify_video(Path("talk_happy.mp4"))

.mp4, .mov, .m4v and .avi carry the manifest in themselves; the others have it beside them, in a `.c2pa` of the
same name. Nothing here uses the network: no time stamp is fetched, no certificate is asked after.
"""

from ned.provenance.credential import Credential, load_credential, load_roots, local_credential
from ned.provenance.sign import Signing, begin_signing, sign_video
from ned.provenance.statement import Statement
from ned.provenance.verify import Verdict, verify_video

__all__ = [
    "Credential",
    "Signing",
    "Statement",
    "Verdict",
    "begin_signing",
    "load_credential",
    "load_roots",
    "local_credential",
    "sign_video",
    "verify_video",
]
