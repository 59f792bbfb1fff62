"""The step that makes the alias: opening a q35's high SMRAM, and closing it.

Open, the window at 0xfeda0000 shows the 128 KiB of RAM at 0xa0000 a second
time. Registers of the host bridge, device 00:00.0 (Intel Q35 datasheet): SMRAM
at 0x9d, ESMRAMC at 0x9e. They are reached through MMCONFIG: the ports 0xcf8 and
0xcfc are two accesses, between which the running guest may come.
"""

from qemu_control import dump, system_view

HOST_BRIDGE = 0x29c08086  # device and vendor of a q35's
SMRAM, ESMRAMC = 0x9d, 0x9e
D_OPEN, D_CLS, D_LCK, G_SMRAME = 0x40, 0x20, 0x10, 0x08
H_SMRAME = 0x80


def mmconfig(monitor):
    """Where the guest's firmware has put it, or None."""
    for first, _, _, name in system_view(monitor.human("info mtree -f")):
        if name.startswith("pcie-mmcfg-mmio"):
            return first
    return None


def open_and_close(monitor, qtest, out, mark):
    """Does it, with a dump at each step; notes for the user."""
    base = mmconfig(monitor)
    if base is None or qtest.read("l", base) != HOST_BRIDGE:
        return ["no q35 with MMCONFIG set up by its firmware: no SMRAM window was opened"]
    smram, esmramc = qtest.read("b", base + SMRAM), qtest.read("b", base + ESMRAMC)
    if smram & D_LCK:
        return ["the firmware has locked SMRAM (an SMM build?): its window was not opened"]
    mark("high SMRAM opens: ESMRAMC.H_SMRAME=1, SMRAM.D_OPEN=1")
    qtest.write_byte(base + ESMRAMC, esmramc | H_SMRAME)
    qtest.write_byte(base + SMRAM, (smram | D_OPEN | G_SMRAME) & ~D_CLS)
    dump(monitor, out / "20-high-smram-open.txt")
    mark("high SMRAM closes: SMRAM.D_OPEN=0")
    qtest.write_byte(base + SMRAM, smram & ~D_OPEN)
    qtest.write_byte(base + ESMRAMC, esmramc)
    dump(monitor, out / "30-high-smram-closed.txt")
    return []
