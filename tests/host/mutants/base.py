# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of tools/mutants share."""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))


def results(*cases, signs=(), control=None, message=""):
    """What a run left behind; a case is (SUITE.TEST, status, why)."""
    suites = [{"name": name.split(".")[0],
               "cases": [{"name": name.split(".")[1], "status": status,
                          "diagnostics": [f"# {why}"] if why else []}]}
              for name, status, why in cases]
    return {"suites": suites, "bad_signs": list(signs), "control": control or {},
            "message": message}
