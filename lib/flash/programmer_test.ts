import { assert, assertEquals, assertRejects } from "@std/assert";
import { EXIT, FlashError, ProbeError } from "../base/errors.ts";
import type { FlashAlgorithm } from "../target/description.ts";
import type { ImageSegment } from "../format/image.ts";
import { parseEraseSpec, planErase } from "./erase_spec.ts";
import { eraseChip, eraseSectors } from "./eraser.ts";
import { type Behaviour, FakeCore } from "./fake_core_test_support.ts";
import { fakeChip } from "./fake_chip_test_support.ts";
import { placeAlgorithm, type Placement } from "./placement.ts";
import { planFlash, type PlanOptions } from "./plan.ts";
import { type FlashRunOptions, runPlan } from "./programmer.ts";
import type { FlashReport } from "./report.ts";

const FLASH = 0x08000000;
const DEMCR = 0xe000edfc;
const OK: Behaviour = { kind: "return", result: 0 };

/** A chip whose algorithm works, and whose routines can be made to fail by name. */
class Bench {
  readonly core = new FakeCore();
  readonly chip: ReturnType<typeof fakeChip>;
  readonly placement: Placement;
  readonly log: string[] = [];
  failures: Record<string, (args: number[]) => Behaviour | undefined> = {};

  constructor(more: Partial<FlashAlgorithm> = {}) {
    this.chip = fakeChip(more);
    const { algorithm } = this.chip.bank;
    this.placement = placeAlgorithm(algorithm, { start: 0x20000000, size: 0x1000 });
    this.core.onCall = (pc, args) => this.#call(pc - this.placement.image, args);
  }

  get device() {
    return { core: this.core, map: this.chip.map, clock: this.core.clock };
  }

  flash(address: number, length: number): number[] {
    return Array.from({ length }, (_, i) => this.core.bytes.get(address + i) ?? 0xff);
  }

  load(segments: ImageSegment[], plan: PlanOptions = {}, options: FlashRunOptions = {}): Promise<FlashReport> {
    return runPlan(planFlash(segments, this.chip.map, [this.chip.bank], plan), this.device, options);
  }

  #call(offset: number, args: number[]): Behaviour {
    const [name] = Object.entries(this.chip.bank.algorithm.entry).find(([, at]) => at === offset) ?? ["?"];
    const detail = name === "init" ? args[2] : name === "uninit" ? args[0] : (args[0] ?? 0).toString(16);
    this.log.push(`${name} ${detail}`);
    const failure = this.failures[name]?.(args);
    if (failure !== undefined) return failure;
    const { bytes } = this.core;
    if (name === "eraseChip") { for (let at = FLASH; at < FLASH + 0x300; at++) bytes.set(at, 0xff); }
    if (name === "eraseSector") {
      const size = args[0]! < FLASH + 0x100 ? 64 : 256;
      for (let at = 0; at < size; at++) bytes.set(args[0]! + at, 0xff);
    }
    if (name === "programPage") {
      for (let i = 0; i < args[1]!; i++) {
        bytes.set(args[0]! + i, (bytes.get(args[0]! + i) ?? 0xff) & bytes.get(args[2]! + i)!);
      }
    }
    return OK;
  }
}

const segment = (address: number, length: number, fill = 0x5a): ImageSegment => ({
  address,
  data: new Uint8Array(length).fill(fill),
});

Deno.test("runPlan() says what was erased, programmed and not when ProgramPage fails", async () => {
  const bench = new Bench();
  bench.failures.programPage = ([address]) => address === FLASH + 0x20 ? { kind: "return", result: 7 } : undefined;
  bench.core.writeBytes(FLASH, new Uint8Array(0x300));
  const error = await assertRejects(
    () => bench.load([segment(FLASH, 0x40)]),
    FlashError,
    "Cannot program 16 bytes at 0x08000020: flash algorithm returned 7 (erased 0x08000000-0x0800003f; " +
      "programmed 0x08000000-0x0800001f; not programmed 0x08000020-0x0800003f; perhaps changed 0x08000020-0x0800002f)",
  );
  assertEquals([error.exitCode, error.fields.result, error.fields.address], [EXIT.flash, 7, FLASH + 0x20]);
  assertEquals(bench.log.at(-1), "uninit 2");
  assertEquals(await bench.core.state(), "halted");
});

Deno.test("runPlan() stops a routine that takes long when asked to, and says what may have changed", async () => {
  const bench = new Bench();
  const stop = new AbortController();
  bench.failures.eraseSector = () => {
    stop.abort();
    return { kind: "never" };
  };
  bench.core.writeBytes(FLASH, new Uint8Array(64));
  const error = await assertRejects(
    () => bench.load([segment(FLASH, 4)], {}, { signal: stop.signal }),
    FlashError,
    "Cannot erase sector at 0x08000000: interrupted before it was done (erased nothing; programmed nothing; " +
      "not programmed 0x08000000-0x08000003; perhaps changed 0x08000000-0x0800003f)",
  );
  assertEquals(error.exitCode, EXIT.interrupted);
  assertEquals(await bench.core.state(), "halted");
});

Deno.test("runPlan() gives up on an algorithm that never returns, in clock time, and halts the core", async () => {
  const bench = new Bench();
  bench.failures.eraseSector = () => ({ kind: "never" });
  bench.core.writeBytes(FLASH, new Uint8Array(64));
  const error = await assertRejects(
    () => bench.load([segment(FLASH, 4)], {}, { timeouts: { eraseSectorMs: 3000 } }),
    FlashError,
    "Cannot erase sector at 0x08000000: flash algorithm did not return within 3000 ms, it left the core running",
  );
  assertEquals([error.code, error.exitCode], ["flash-timeout", EXIT.timeout]);
  assert(bench.core.clock.now() >= 3000 && bench.core.clock.now() < 4000);
  assertEquals(await bench.core.state(), "halted");
});

Deno.test("runPlan() waits as long as the algorithm itself asks for", async () => {
  const bench = new Bench({ eraseTimeoutMs: 60_000 });
  bench.failures.eraseSector = () => ({ kind: "slow", ms: 50_000 });
  bench.core.writeBytes(FLASH, new Uint8Array(64).fill(0x5a));
  const report = await bench.load([segment(FLASH, 64, 0x5a)], {}, { smart: false });
  assert(report.ms.erase >= 50_000);
});

Deno.test("runPlan() tells a lock-up and a fault from a wrong result", async () => {
  const bench = new Bench();
  bench.failures.init = () => ({ kind: "lockup" });
  await assertRejects(() => bench.load([segment(FLASH, 4)]), FlashError, "flash algorithm locked up the core");
  assertEquals(await bench.core.state(), "halted");
  bench.failures.init = () => {
    bench.core.write32(bench.core.registers.sp! + 24, 0x2000_0f20);
    bench.core.write32(0xe000_ed28, 0x0001_0000);
    bench.core.write32(0xe000_ed2c, 0);
    return { kind: "fault", pc: 0x2000_0f10 };
  };
  await assertRejects(
    () => bench.load([segment(FLASH, 4)]),
    FlashError,
    'Cannot start flash algorithm fake.FLM for operation "program": flash algorithm took a HardFault at 0x20000f20 (UFSR.UNDEFINSTR',
  );
});

Deno.test("runPlan() notices a stack overflow", async () => {
  const bench = new Bench();
  bench.failures.programPage = () => {
    bench.core.write32(bench.placement.stackLimit, 0);
    return OK;
  };
  await assertRejects(() => bench.load([segment(FLASH, 4)]), FlashError, "overflowed its stack");
});

Deno.test("runPlan() reports a vanished probe with its own exit code and does not talk to it any more", async () => {
  const bench = new Bench();
  bench.failures.programPage = () => {
    bench.core.readRegisters = () => Promise.reject(new ProbeError("Cannot transfer: the probe is gone"));
    return OK;
  };
  const error = await assertRejects(() => bench.load([segment(FLASH, 32)]), FlashError, "the probe is gone (erased");
  assertEquals(error.exitCode, EXIT.noProbe);
  assertEquals(bench.log.at(-1), "programPage 8000000");
});

Deno.test("runPlan() names the first byte that does not verify", async () => {
  const bench = new Bench();
  bench.failures.programPage = ([address]) => {
    bench.core.bytes.set(address! + 3, 0x12);
    return OK;
  };
  const error = await assertRejects(
    () => bench.load([segment(FLASH, 16, 0xff), segment(FLASH + 16, 8, 0x0f)]),
    FlashError,
  );
  assertEquals(error.message.startsWith("Cannot verify 0x08000010: expected 0x0f, found 0xff"), true);
  assertEquals(error.code, "verify-mismatch");
});

Deno.test("runPlan() refuses to keep what it cannot read", async () => {
  const bench = new Bench();
  bench.core.unreachable = (address) => address < 0x20000000;
  await assertRejects(
    () => bench.load([segment(FLASH, 4)], { keepUnwritten: true }),
    FlashError,
    "Cannot keep the bytes of the sector at 0x08000000: it cannot be read",
  );
});

Deno.test("runPlan() stops between two pages when asked to", async () => {
  const bench = new Bench();
  const stop = new AbortController();
  bench.failures.programPage = () => {
    stop.abort();
    return undefined;
  };
  const error = await assertRejects(() => bench.load([segment(FLASH, 48)], {}, { signal: stop.signal }), FlashError);
  assertEquals(error.exitCode, EXIT.interrupted);
  assertEquals(bench.log.filter((call) => call.startsWith("programPage")).length, 1);
  assertEquals(bench.log.at(-1), "uninit 2");
});

Deno.test("runPlan() erases, programs both buffers in turn, and verifies", async () => {
  const bench = new Bench();
  bench.core.writeBytes(FLASH, new Uint8Array(0x300).fill(0x11));
  const report = await bench.load([segment(FLASH + 0x30, 0x30)]);
  assertEquals(bench.log, [
    "init 1",
    "eraseSector 8000000",
    "eraseSector 8000040",
    "uninit 1",
    "init 2",
    "programPage 8000030",
    "programPage 8000040",
    "programPage 8000050",
    "uninit 2",
  ]);
  const used = bench.core.calls.filter((call) => call.pc === bench.placement.image + 12).map((call) => call.args[2]);
  const [first, second] = bench.placement.buffers;
  assertEquals(used, [first, second, first]);
  assertEquals(bench.flash(FLASH, 0x81), [
    ...new Array(0x30).fill(0xff),
    ...new Array(0x30).fill(0x5a),
    ...new Array(0x20).fill(0xff),
    0x11,
  ]);
  assertEquals([report.erasedSectors, report.programmedPages, report.verifiedBytes], [2, 3, 0x30]);
});

Deno.test("runPlan() does without Init and UnInit, and prepares the core for every routine instead", async () => {
  const bench = new Bench({ entry: { eraseSector: 8, programPage: 12 } });
  bench.core.writeBytes(FLASH, new Uint8Array(0x40).fill(0x11));
  const seen: unknown[] = [];
  bench.failures.eraseSector = bench.failures.programPage = () => {
    const { r9, sp, xpsr } = bench.core.registers;
    seen.push([r9, sp, xpsr]);
    return undefined;
  };
  await bench.load([segment(FLASH, 0x20)]);
  assertEquals(bench.log, ["eraseSector 8000000", "programPage 8000000", "programPage 8000010"]);
  const { staticBase, stackTop } = bench.placement;
  assertEquals(seen, new Array(3).fill([staticBase, stackTop, 0x0100_0000]));
  assertEquals(bench.flash(FLASH, 0x21), [...new Array(0x20).fill(0x5a), 0xff]);
});

Deno.test("an algorithm without ProgramPage erases, and refuses to program before it has erased anything", async () => {
  const bench = new Bench({ entry: { eraseSector: 8 } });
  await assertRejects(
    async () => await bench.load([segment(FLASH, 0x20)]),
    FlashError,
    "Cannot program 0x08000000: flash algorithm fake.FLM can only erase, it has no ProgramPage",
  );
  assertEquals(bench.log, []);
  const { map, bank } = bench.chip;
  await eraseSectors(planErase([parseEraseSpec("0x08000000")], map, [bank]), bench.device);
  assertEquals(bench.log, ["eraseSector 8000000"]);
});

Deno.test("runPlan() leaves identical sectors alone and does not erase blank ones", async () => {
  const bench = new Bench();
  bench.core.writeBytes(FLASH, new Uint8Array(64).fill(0x5a));
  const report = await bench.load([segment(FLASH, 128)]);
  assertEquals([report.identicalSectors, report.blankSectors, report.erasedSectors], [1, 1, 0]);
  assertEquals(bench.log, [
    "init 2",
    ...[0x40, 0x50, 0x60, 0x70].map((a) => `programPage 80000${a.toString(16)}`),
    "uninit 2",
  ]);
});

Deno.test("runPlan() reads back what is there where page buffers have no room for computing checksums", async () => {
  const bench = new Bench();
  bench.core.writeBytes(FLASH, new Uint8Array(64).fill(0x5a));
  const report = await bench.load([segment(FLASH, 128)], {}, { trustCrc: true });
  assertEquals([report.identicalSectors, report.blankSectors, report.erasedSectors], [1, 1, 0]);
});

Deno.test("runPlan() keeps the bytes around the image when asked to", async () => {
  const bench = new Bench();
  bench.core.writeBytes(FLASH, new Uint8Array(0x300).fill(0x11));
  await bench.load([segment(FLASH + 0x10, 4)], { keepUnwritten: true });
  const expected = new Array(0x300).fill(0x11);
  expected.fill(0x5a, 0x10, 0x14);
  assertEquals(bench.flash(FLASH, 0x300), expected);
});

Deno.test("runPlan() erases the chip once when asked to", async () => {
  const bench = new Bench();
  bench.core.writeBytes(FLASH, new Uint8Array(0x300).fill(0x11));
  const report = await bench.load([segment(FLASH, 4)], { erase: "chip" });
  assertEquals(bench.log.filter((call) => call.startsWith("erase")).length, 1);
  assertEquals([report.erasedBanks, report.erasedBytes], [1, 0x300]);
  assertEquals(bench.flash(FLASH + 4, 0x2fc).every((byte) => byte === 0xff), true);
});

Deno.test("runPlan() erases every chip before it programs one: the second bank's EraseChip reaches the first", async () => {
  const bench = new Bench();
  const { map, bank } = bench.chip;
  const banks = [
    { ...bank, ranges: [{ start: FLASH, end: FLASH + 0x100 }] },
    { ...bank, algorithm: { ...bank.algorithm }, ranges: [{ start: FLASH + 0x100, end: FLASH + 0x300 }] },
  ];
  const image = [segment(FLASH, 64, 1), segment(FLASH + 0x100, 64, 2)];
  await runPlan(planFlash(image, map, banks, { erase: "chip" }), bench.device);
  assertEquals(bench.flash(FLASH, 64), new Array(64).fill(1));
  assertEquals(bench.flash(FLASH + 0x100, 64), new Array(64).fill(2));
});

Deno.test("runPlan() writes RAM last and reports progress to the end", async () => {
  const bench = new Bench();
  const last: Record<string, number> = {};
  const report = await bench.load([segment(FLASH, 0x20), segment(0x20000100, 5, 1)], {}, {
    progress: ({ phase, done, total }) => last[phase] = done / total,
  });
  assertEquals(bench.flash(0x20000100, 5), [1, 1, 1, 1, 1]);
  assertEquals(report.ramBytes, 5);
  assertEquals(last, { compare: 1, program: 1, verify: 1 }, "a blank sector is not erased");
});

Deno.test("runPlan() shows as work only what has to be done, and every phase to its end", async () => {
  const bench = new Bench();
  bench.core.writeBytes(FLASH, new Uint8Array(64).fill(0x5a));
  bench.core.writeBytes(FLASH + 64, new Uint8Array(64).fill(0x11));
  const last: Record<string, readonly [number, number]> = {};
  await bench.load([segment(FLASH, 192)], {}, {
    progress: ({ phase, done, total }) => last[phase] = [done, total],
  });
  assertEquals(last, { compare: [192, 192], erase: [64, 64], program: [128, 128], verify: [128, 128] });
});

Deno.test("runPlan() puts RAM and registers back when asked to", async () => {
  const bench = new Bench();
  await bench.core.halt();
  bench.core.writeBytes(0x20000000, new Uint8Array(0x1000).fill(0x77));
  const before = { ...bench.core.registers };
  await bench.load([segment(FLASH, 4)], {}, { preserve: true });
  assertEquals(bench.flash(0x20000000, 0x1000).every((byte) => byte === 0x77), true);
  assertEquals(bench.core.registers, before);
});

Deno.test("eraseSectors() and eraseChip() report what they did and what was left", async () => {
  const bench = new Bench();
  const { map, bank } = bench.chip;
  const report = await eraseSectors(planErase([parseEraseSpec("0x08000020+0x40")], map, [bank]), bench.device);
  assertEquals([report.erasedSectors, report.erasedBytes], [2, 128]);
  const chip = await eraseChip([bank], bench.device);
  assertEquals([chip.erasedBanks, chip.erasedBytes], [1, 0x300]);
  const { eraseChip: _, ...entry } = bank.algorithm.entry;
  const without = { ...bank, algorithm: { ...bank.algorithm, entry } };
  assertEquals((await eraseChip([without], bench.device)).erasedSectors, 6);
  await assertRejects(() => eraseChip([], bench.device), FlashError, "no flash algorithm is known");
});

Deno.test("runPlan() erases and programs what it cannot read beforehand", async () => {
  const bench = new Bench();
  bench.core.writeBytes(FLASH, new Uint8Array(64));
  bench.core.unreachable = (address) => address < 0x20000000;
  bench.failures.eraseSector = () => {
    bench.core.unreachable = () => false;
    return undefined;
  };
  const report = await bench.load([segment(FLASH, 64)]);
  assertEquals([report.erasedSectors, report.programmedPages, report.verifiedBytes], [1, 4, 64]);
});

Deno.test("runPlan() fills the only page buffer anew for every page", async () => {
  const bench = new Bench({ pageSize: 0x700 });
  assertEquals(bench.placement.buffers.length, 1);
  await bench.load([segment(FLASH, 64, 1), segment(FLASH + 64, 64, 2), segment(FLASH + 128, 64, 3)]);
  assertEquals([0, 64, 128].map((at) => bench.flash(FLASH + at, 1)[0]), [1, 2, 3]);
});

Deno.test("runPlan() verifies only after UnInit: some flash cannot be read while it is programmed", async () => {
  const bench = new Bench();
  bench.failures.init = () => {
    bench.core.unreachable = (address) => address < 0x20000000;
    return undefined;
  };
  bench.failures.uninit = () => {
    bench.core.unreachable = () => false;
    return undefined;
  };
  assertEquals((await bench.load([segment(FLASH, 64)])).verifiedBytes, 64);
});

Deno.test("runPlan() changes nothing on a chip that is protected", async () => {
  const bench = new Bench();
  const device = { ...bench.device, lockState: () => Promise.resolve({ locked: true, protection: "RDP level 1" }) };
  const plan = planFlash([segment(FLASH, 4)], bench.chip.map, [bench.chip.bank]);
  const error = await assertRejects(() => runPlan(plan, device), FlashError, "Cannot change flash: RDP level 1 is on");
  assertEquals([error.code, bench.log, bench.core.calls.length], ["target-locked", [], 0]);
});

Deno.test("runPlan() does not call RAM written that does not keep what it is given", async () => {
  const bench = new Bench();
  const write = bench.core.writeBytes.bind(bench.core);
  bench.core.writeBytes = (address, bytes) =>
    write(address, address === 0x20000100 ? bytes.map((b) => b & 0xfe) : bytes);
  const error = await assertRejects(
    () => bench.load([segment(0x20000100, 5, 3)]),
    FlashError,
    "Cannot verify 0x20000100",
  );
  assertEquals(error.exitCode, EXIT.flash);
});

Deno.test("runPlan() has faults caught while the algorithm runs, gives it its static base, and puts DEMCR back", async () => {
  const bench = new Bench();
  bench.core.write32(DEMCR, 0x0100_0001);
  const seen: number[][] = [];
  bench.failures.programPage = () => {
    const demcr = bench.core.bytes.get(DEMCR)! | (bench.core.bytes.get(DEMCR + 1)! << 8);
    seen.push([demcr & 0x7f1, bench.core.registers.r9!]);
    return undefined;
  };
  await bench.load([segment(FLASH, 4)]);
  assertEquals(seen, [[0x7f1, bench.placement.staticBase]]);
  assertEquals(await bench.core.read32(DEMCR), 0x0100_0001);
});

Deno.test("runPlan() fails with the exit code of flash when the wire fails, and says what was done", async () => {
  const bench = new Bench();
  bench.core.unreachable = (address) => address >= 0x20000000 && address < 0x40000000;
  const error = await assertRejects(
    () => bench.load([segment(FLASH, 4)]),
    FlashError,
    "erased nothing; programmed nothing",
  );
  assertEquals(error.exitCode, EXIT.flash);
});
