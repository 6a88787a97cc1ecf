"""What libraries write to the file descriptor behind our back stays away from the terminal."""

import subprocess
import sys

CODE = """
import os, subprocess, sys
from ned.cli.stderr import keep_stderr
keep_stderr()
os.write(2, b"W0000 feedback manager\\n")
subprocess.run([sys.executable, "-c", "import os; os.write(2, b'a child')"])
print("ned: our own", file=sys.stderr)
"""


def test_only_python_reaches_standard_error():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stderr == "ned: our own\n"


def test_what_is_no_descriptor_is_left():
    code = "import io, sys\nfrom ned.cli.stderr import keep_stderr\nsys.stderr = io.StringIO()\nkeep_stderr()\n"
    done = subprocess.run([sys.executable, "-c", code + "import os; os.write(2, b'seen')"], capture_output=True)
    assert done.returncode == 0 and done.stderr == b"seen"
