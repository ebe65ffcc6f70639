"""CPU time that pyOCD takes to write 1 MiB of RAM, in microseconds. Writes it once before, to warm up."""
import time

from pyocd.core.helpers import ConnectHelper

options = {"target_override": "cortex_m", "connect_mode": "halt", "frequency": 10000000}
session = ConnectHelper.session_with_chosen_probe(blocking=False, options=options)
with session:
    target = session.board.target
    words = [(i * 0x01010101) & 0xFFFFFFFF for i in range(16384)]

    def write_all():
        for _ in range(16):
            target.write_memory_block32(0x20000000, words)
        target.flush()

    write_all()
    start = time.process_time()
    write_all()
    print((time.process_time() - start) * 1e6)
