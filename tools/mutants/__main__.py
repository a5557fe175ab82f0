# SPDX-License-Identifier: GPL-2.0-only
"""Entry of `python3 tools/mutants`."""

import os
import sys

sys.dont_write_bytecode = True
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from mutants import cli  # noqa: E402  (the path has to be set first)

sys.exit(cli.main(sys.argv[1:]))
