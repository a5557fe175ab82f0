# SPDX-License-Identifier: GPL-2.0-only
"""Mutation testing: whether the tests notice defects, deliberate ones and made ones."""
