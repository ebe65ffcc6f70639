import { assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../base/clock.ts";
import { TargetError } from "../base/errors.ts";
import { DebugPort } from "../dap/debug_port.ts";
import type { DapOp, DapResult, Probe } from "../probe/probe.ts";
import { findAdi6AccessPorts } from "./adi6.ts";

/** A DPv3 with words in the space of its access ports; SELECT and SELECT1 choose the 16 bytes that are seen. */
class Dp3 {
  readonly words = new Map<number, number>();
  readonly clock = new VirtualClock();
  base = 0x1001;
  #select = 0;

  store(address: number, ...values: number[]): void {
    values.forEach((value, index) => this.words.set(address + index * 4, value >>> 0));
  }

  /** Identification words of an Arm CoreSight component. */
  component(address: number, archid: number, part: number, devid = 0): void {
    this.store(address + 0xfbc, (0x47700000 | archid) >>> 0, 0, 0, devid, 0);
    this.store(address + 0xfd0, 4, 0, 0, 0, part & 0xff, 0xb0 | (part >>> 8), 0xb, 0);
    this.store(address + 0xff0, 0x0d, 0x90, 0x05, 0xb1);
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }
  swjSequence(): Promise<void> {
    return Promise.resolve();
  }
  transfer(ops: readonly DapOp[]): Promise<DapResult> {
    const words: number[] = [];
    for (const op of ops) {
      if (op.kind === "write" && op.port === "dp" && op.register === 8) this.#select = op.value;
      if (op.kind === "read") words.push(op.port === "dp" ? this.#readDp(op.register) : this.#readAp(op.register));
    }
    return Promise.resolve({ words: Uint32Array.from(words), done: ops.length, partial: 0 });
  }

  #readDp(register: number): number {
    const bank = this.#select & 0xf;
    if (register !== 0) return 0xf0000000;
    return [0x4c013477, 0x20, this.base, 0][bank] ?? 0;
  }
  #readAp(register: number): number {
    return this.words.get((this.#select & 0xfffffff0) + register) ?? 0;
  }
}

async function connected(chip: Dp3): Promise<DebugPort> {
  const dp = new DebugPort(chip as unknown as Probe);
  await dp.connect();
  return dp;
}

Deno.test("findAdi6AccessPorts() says so when the debug port names no base", async () => {
  const chip = new Dp3();
  chip.base = 0;
  const dp = await connected(chip);
  await assertRejects(() => findAdi6AccessPorts(dp), TargetError, "names no base address");
});

Deno.test("findAdi6AccessPorts() opens the memory access ports the table lists", async () => {
  const chip = new Dp3();
  chip.component(0x1000, 0x0af7, 0x4e0);
  chip.store(0x1000, 0x0000_1003, 0x0000_3003, 0);
  chip.component(0x2000, 0x0a17, 0x9e3);
  chip.store(0x2000 + 0xdfc, 0x34770008);
  chip.component(0x4000, 0x1a14, 0x9ed);
  const found = await findAdi6AccessPorts(await connected(chip));
  assertEquals(found.map((ap) => [ap.name, ap.address]), [["AHB5-AP@0x00002000", { base: 0x2000 }]]);
});
