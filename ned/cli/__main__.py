import sys

from ned.cli import main

sys.exit(main())
