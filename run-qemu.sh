#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The one door to Faultline: finds Python and hands over to tools/runner.
# Try ./run-qemu.sh --help, or read docs/running.md.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 125
if ! command -v python3 >/dev/null 2>&1; then
	echo 'faultline: error: python3 is missing (3.9 or newer is needed)' >&2
	exit 125
fi
exec python3 "$here/tools/runner" "$@"
