# SPDX-License-Identifier: GPL-2.0-only
"""Entry of `python3 tools/runner`."""

import os
import sys

if sys.version_info < (3, 9):
    sys.stderr.write("faultline: error: python3 3.9 or newer is needed\n")
    sys.exit(125)

sys.dont_write_bytecode = True
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from runner import cli  # noqa: E402  (the path has to be set first)

sys.exit(cli.main(sys.argv[1:]))
