# SPDX-License-Identifier: GPL-2.0-only
"""The host side of Faultline: starts QEMU, follows the guest, tells the verdict."""

VERSION = "0.1.0"
