# SPDX-License-Identifier: BSD-2-Clause
"""Disks that are full, read-only or wrong, and programs that build wrong."""
import glob
import os
import subprocess
import time

from drill_world import DrillError
from scenarios_process import restart_answering

STORE_MIB = 24


def store_on_its_own(world):
    """A small tmpfs for the store."""
    os.mkdir(world.store)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=%dm,mode=755" % STORE_MIB,
         "holdfast-drill", world.store], capture_output=True, text=True)
    if done.returncode:
        raise DrillError("cannot mount a tmpfs: " + done.stderr.strip())
    world.mounts.append(world.store)


def full_disk(world):
    store_on_its_own(world)
    world.start()
    filler = os.path.join(world.store, "crash", "filler")
    os.makedirs(os.path.dirname(filler), exist_ok=True)
    with open(filler, "wb") as f:
        try:
            while True:
                f.write(bytes(65536))
                f.flush()
        except OSError:
            pass
    version = world.zones["shop.test"].next()
    world.allow(version)
    begun = time.monotonic()
    world.put(version)
    world.wait(lambda: world.ask("status")["last_error"], "the error is told")
    told = time.monotonic() - begun
    why = world.ask("status")["last_error"]
    if not world.clients.wait_answers(100) or world.shows(version):
        raise DrillError("it was published on a full disk, or answers stopped")
    world.verify()
    # everything starts from it as it is
    world.clients.patience = 0.3
    restart_answering(world)
    os.remove(filler)
    world.ask("reload")
    world.wait_state("shop.test", "served", version.serial, 60)
    return "publication fails: %s; goes on when there is room" % (
        why.split("store/")[-1].split(";")[0][-60:]), told


def read_only_disk(world):
    store_on_its_own(world)
    world.start()
    version = world.zones["shop.test"].next()
    world.allow(version)
    for name in ("holdfastd", "sockets") + (
            ("dataplane",) if world.drill.dataplane else ()):
        world.stop(name)
    subprocess.run(["mount", "-o", "remount,ro", world.store], check=True)
    world.clients.patience = 0.3
    begun = time.monotonic()
    if world.drill.dataplane:
        world.start_dataplane()
    world.start_sockets()
    took = time.monotonic() - begun
    if not world.clients.wait_answers(100):
        raise DrillError("no answers from a read-only store")
    p = world.start_control(wait=False)
    world.wait(lambda: p.poll() is not None or world.ask_quietly("status"),
               "holdfastd ends or says so")
    world.stop("holdfastd")
    subprocess.run(["mount", "-o", "remount,rw", world.store], check=True)
    world.start_control()
    world.put(version)
    world.wait_state("shop.test", "served", version.serial, 60)
    return "booted and answered from it; published when it was writable", took


def flipped_byte(world):
    """In every cell of what is current, on the disk."""
    world.start()
    first = world.zones["shop.test"]
    second = first.next(more=[("extra", "A", "192.0.2.77")])
    before = set(glob.glob(os.path.join(world.store, "cells", "*")))
    world.publish(second)
    changed = set(glob.glob(os.path.join(world.store, "cells", "*"))) - before
    if not changed:
        raise DrillError("no cell is new")
    for path in changed:
        os.chmod(path, 0o600)
        with open(path, "r+b") as f:
            f.seek(os.path.getsize(path) // 2)
            byte = f.read(1)
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte[0] ^ 1]))
    if not world.clients.wait_answers(100):
        raise DrillError("no answers")
    if world.tool("verify", "--store", world.store).returncode == 0:
        raise DrillError("verify does not see it")
    world.stop("holdfastd")
    world.right["shop.test"] = [second, first]
    world.clients.patience = 0.3
    begun = time.monotonic()
    restart_answering(world)
    if not world.shows(first):
        raise DrillError("what is damaged is answered from")
    return ("found by verify; at the next start refused, and the generation "
            "before answers"), time.monotonic() - begun


def builder_defect(world):
    """One octet of one address in one answer of many is wrong when cells are
    built: the proof compares every answer with a naive resolver's."""
    names = 20000 if world.drill.whole else 2000
    world.environment["HOLDFAST_FAULT"] = "builder-rdata-octet:%d" % names
    world.zones["shop.test"].records += [
        ("big%d" % i, "A", "10.%d.%d.%d" % (i >> 16, i >> 8 & 255, i & 255))
        for i in range(names // 2)]
    world.put(world.zones["shop.test"], age=5)
    world.start()
    version = world.zones["shop.test"]
    begun = time.monotonic()
    for _ in range(12):
        version = version.next(more=[
            ("more%d-%d" % (version.serial, i), "A", "10.200.%d.%d" % (
                i >> 8, i & 255)) for i in range(min(300, names // 8))])
        world.allow(version)
        world.put(version)
        world.wait(lambda: world.state("shop.test")["serial"] ==
                   version.serial or proof_says(world), "a verdict", 60)
        if proof_says(world):
            break
        world.only(version)
    else:
        raise DrillError("the defect never showed")
    if world.shows(version):
        raise DrillError("a wrong cell went live")
    if not world.clients.wait_answers(100):
        raise DrillError("no answers")
    return "the proof refuses it: " + proof_says(world)[:150], \
        time.monotonic() - begun


def proof_says(world):
    for text in (world.ask("status")["last_error"] or "",
                 world.state("shop.test")["why"] or ""):
        if "expected \"" in text and "found" in text:
            return text
    return ""


ROWS = [
    ("full-disk", "the store's disk is filled, a version comes, everything "
     "starts anew", full_disk, dict(root=True, lost_is_fine=True)),
    ("read-only-disk", "the store is remounted read-only, everything starts "
     "anew", read_only_disk, dict(root=True, lost_is_fine=True)),
    ("flipped-byte", "a bit of a current cell changes on the disk",
     flipped_byte, dict(lost_is_fine=True)),
    ("builder-defect", "the builder spoils one octet of one answer of many",
     builder_defect, dict(faults=True)),
]
