# SPDX-License-Identifier: GPL-2.0-only
"""What a run leaves in its directory: run.ktap, junit.xml, results.json, env.json."""

import json
import re
import time
import xml.etree.ElementTree as ET

from . import VERSION, host, trace_json
from .common import PASS, SKIPPED
from .machine import CHANNELS
from .screen import counts

NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PLACE = re.compile(r"\b([\w/.-]+\.[chS]):(\d+)\b")
MAX_TEXT = 20000


def clean(text):
    """Without what XML 1.0 forbids."""
    return NOT_XML.sub("?", text)[-MAX_TEXT:]


def variant(result):
    """arch.smpN.mode, and what else tells two runs of one report apart."""
    setup = result.setup
    mode = setup.mode
    if setup.machine != next(iter(setup.arch.machines)):
        mode += f"-{setup.machine}"
    if setup.cpu != setup.arch.cpu and setup.mode != "kvm":
        mode += f"-{setup.cpu.split(',')[0]}"
    if result.label:
        mode += f"-{result.label}"
    return f"{setup.arch.image}.smp{setup.smp}.{mode}"


# -- JUnit --------------------------------------------------------------------

def case_element(case, prefix):
    text = "\n".join(case.diagnostics)
    element = ET.Element("testcase", classname=f"{prefix}.{case.suite}", name=case.name,
                         time=f"{case.seconds:.4f}")
    place = PLACE.search(text)
    if place:
        element.set("file", place.group(1))
        element.set("line", place.group(2))
    if case.status == "skip":
        ET.SubElement(element, "skipped", message=clean(case.reason))
    elif case.failed:
        kind = "failure" if case.status == "fail" else "error"
        reason = case.reason or (case.diagnostics[-1] if case.diagnostics else case.status)
        child = ET.SubElement(element, kind, message=clean(reason), type=case.status)
        child.text = clean(text)
    elif text:
        ET.SubElement(element, "system-out").text = clean(text)
    return element


def suite_element(suite, prefix, stamp):
    element = ET.Element("testsuite", name=f"{prefix}.{suite.name}", tests=str(len(suite.cases)),
                         failures=str(sum(c.status == "fail" for c in suite.cases)),
                         errors=str(sum(c.status in ("timeout", "error") for c in suite.cases)),
                         skipped=str(suite.count("skipped")), time=f"{suite.seconds:.4f}",
                         timestamp=stamp, hostname="faultline")
    for case in suite.cases:
        element.append(case_element(case, prefix))
    return element


def run_element(result, prefix, stamp):
    """A suite of one for what went wrong with the run itself."""
    element = ET.Element("testsuite", name=f"{prefix}.run", tests="1", failures="0", errors="1",
                         skipped="0", time=f"{result.seconds:.4f}", timestamp=stamp,
                         hostname="faultline")
    case = ET.SubElement(element, "testcase", classname=f"{prefix}.run", name="verdict",
                         time=f"{result.seconds:.4f}")
    error = ET.SubElement(case, "error", message=clean(result.verdict.message),
                          type=result.verdict.word)
    error.text = clean("\n".join(list(result.verdict.details) + list(result.console)[-50:]))
    return element


def properties(result):
    element = ET.Element("properties")
    for name, value in facts(result).items():
        ET.SubElement(element, "property", name=name, value=clean(str(value)))
    return element


def junit(result):
    prefix, stamp = variant(result), result.stamp
    root = ET.Element("testsuites")
    for suite in result.report.suites:
        child = suite_element(suite, prefix, stamp)
        child.insert(0, properties(result))
        root.append(child)
    if result.verdict.message and result.verdict.code not in (PASS, SKIPPED):
        root.append(run_element(result, prefix, stamp))
    add_sums(root)
    return root


def add_sums(root):
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.4f}")


def write_junit(root, path):
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def merge_junit(sources, target):
    """One file out of many; what cannot be read is left out."""
    root = ET.Element("testsuites")
    for source in sources:
        try:
            root.extend(list(ET.parse(source).getroot()))
        except (OSError, ET.ParseError):
            continue
    add_sums(root)
    write_junit(root, target)


# -- JSON ---------------------------------------------------------------------

def facts(result):
    setup = result.setup
    return {"arch": setup.arch.name, "page_size": setup.arch.page_size, "smp": setup.smp,
            "mode": setup.mode, "machine": setup.machine, "cpu": setup.cpu, "mem": setup.mem,
            "seed": f"{result.seed:#x}", "grade": result.choice.grade,
            "kvm_module": host.kvm_module() if setup.mode == "kvm" else "",
            "host_cores": host.host_cores(), "qemu": result.qemu_version}


def case_record(case):
    return {"name": case.name, "status": case.status, "reason": case.reason,
            "seconds": case.seconds, "diagnostics": case.diagnostics}


def results(result):
    passed, failed, skipped = counts(result)
    return {
        "format": 1, "runner": VERSION, "verdict": result.verdict.word,
        "exit_code": result.verdict.code, "message": result.verdict.message,
        "details": list(result.verdict.details), **facts(result),
        "auto_reason": result.choice.reason, "words": result.setup.words,
        "seconds": round(result.seconds, 3), "qemu_status": result.ended.status,
        "totals": {"passed": passed, "failed": failed, "skipped": skipped},
        "control": result.control, "bad_signs": result.report.signs[:100],
        "problems": result.report.problems, "preamble": result.report.preamble[:20],
        "repeat": result.repeat,
        "suites": [{"name": suite.name, "finished": suite.finished, "seconds": suite.seconds,
                    "cases": [case_record(case) for case in suite.cases]}
                   for suite in result.report.suites],
    }


def write_json(value, path):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def ktap_part(console):
    """The console from the first KTAP line on, without the firmware's text."""
    for at, line in enumerate(console):
        if line.startswith("KTAP version"):
            return "\n".join(console[at:]) + "\n"
    return ""


def write_all(result, extra_junit=None):
    place = result.dir
    (place / "run.ktap").write_text(ktap_part(result.console))
    write_json(results(result), place / "results.json")
    write_json({**facts(result), **host.environment(), "image_sha256": host.image_hash(
        result.setup.iso if result.setup.machine == "iso" else result.setup.kernel)},
        place / "env.json")
    root = junit(result)
    write_junit(root, place / "junit.xml")
    if extra_junit:
        write_junit(root, extra_junit)
    write_trace(result)


def write_trace(result):
    """trace.json out of what came by the trace channel, if anything did."""
    raw = result.dir / CHANNELS["trace"]
    result.trace = trace_json.convert(raw, result.dir / "trace.json")
    if raw.is_file() and not result.trace:
        raw.unlink()


def timestamp():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
