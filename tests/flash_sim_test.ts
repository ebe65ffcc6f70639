/**
 * Vendors' own flash algorithms on simulated boards, through the simulated probe: connecting, loading, failing.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { EXIT, FlashError, ProbeError, TargetError, TransferError } from "../lib/base/errors.ts";
import type { FlashAlgorithm } from "../lib/target/description.ts";
import { type FlashBank, loadBanks } from "../lib/flash/bank.ts";
import { eraseChip, eraseSectors } from "../lib/flash/eraser.ts";
import { planErase } from "../lib/flash/erase_spec.ts";
import { banksOf as allBanks, loadImage } from "../lib/flash/load.ts";
import { planFlash, type PlanOptions } from "../lib/flash/plan.ts";
import { flashDevice, type FlashRunOptions, runPlan } from "../lib/flash/programmer.ts";
import type { FlashReport } from "../lib/flash/report.ts";
import { FaultInjector } from "../lib/sim/faults.ts";
import type { ConnectMode } from "../lib/target/settings.ts";
import type { ResetType } from "../lib/core/core.ts";
import { type Bench, type BoardCase, BOARDS, needsData, openBench } from "./support/flash_bench.ts";

const [F407, F072, NRF] = BOARDS as [typeof BOARDS[0], typeof BOARDS[0], typeof BOARDS[0]];

function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 31 + (i >> 8)) & 0xff);
}

/** A program that does nothing: stack, reset handler, and a branch to itself at offset 0x40. */
function spinning(board: BoardCase): Uint8Array {
  const image = new Uint8Array(0x100);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let vector = 1; vector < 16; vector++) view.setUint32(vector * 4, board.flash.start + 0x41, true);
  view.setUint16(0x40, 0xe7fe, true);
  return image;
}

async function banksOf(bench: Bench, start: number, length: number): Promise<FlashBank[]> {
  return await loadBanks(flashDevice(bench.target).map, bench.target.description.algorithms, [{
    start,
    end: start + length,
  }]);
}

async function load(
  bench: Bench,
  address: number,
  data: Uint8Array,
  plan: PlanOptions = {},
  options: FlashRunOptions = {},
  change: (algorithm: FlashAlgorithm) => FlashAlgorithm = (algorithm) => algorithm,
): Promise<FlashReport> {
  const device = flashDevice(bench.target);
  const banks = (await banksOf(bench, address, data.length)).map((b) => ({ ...b, algorithm: change(b.algorithm) }));
  return await runPlan(planFlash([{ address, data }], device.map, banks, plan), device, options);
}

Deno.test({
  ...needsData("connect() refuses a locked nRF52, says so, and tells it from an absent target"),
  fn: async () => {
    const bench = await openBench(NRF, { board: { locked: true } });
    const error = await assertRejects(
      () => bench.target.connect(),
      TargetError,
      "Cannot debug nRF52840_xxAA: read-back protection (APPROTECT) is on",
    );
    assertEquals([error.code, error.exitCode], ["target-locked", EXIT.failed]);
    assert(error.hint?.includes("erase"));
  },
});

Deno.test({
  ...needsData("connect() with autoUnlock erases a locked nRF52 and gets in"),
  fn: async () => {
    const bench = await openBench(NRF, { board: { locked: true, image: pattern(64) } }, { autoUnlock: true });
    await bench.target.connect();
    assertEquals(bench.target.cores.length, 1);
    assertEquals(bench.board.flashBytes(0, 64).every((byte) => byte === 0xff), true);
    await load(bench, 0, pattern(256));
    assertEquals(bench.board.flashBytes(0, 256), pattern(256));
  },
});

Deno.test({
  ...needsData("massErase() of a connected nRF52 leaves it connected, erased and halted"),
  fn: async () => {
    const bench = await openBench(NRF, { board: { image: pattern(64) } });
    await bench.target.connect("attach");
    assertEquals(await bench.target.massErase(), "family nRF52");
    assertEquals(bench.board.flashBytes(0, 64).every((byte) => byte === 0xff), true);
    assertEquals(await bench.target.primaryCore.state(), "halted");
  },
});

Deno.test({
  ...needsData("massErase() without a family's own way takes the caller's, or says what to do"),
  fn: async () => {
    const bench = await openBench(F072);
    await bench.target.connect();
    const error = await assertRejects(() => bench.target.massErase(), TargetError, "it has no mass erase");
    assert(error.hint?.includes("chip erase"));
    assertEquals(await bench.target.massErase(() => Promise.resolve()), "default");
  },
});

for (const board of BOARDS) {
  for (const mode of ["halt", "pre-reset", "under-reset", "attach"] satisfies ConnectMode[]) {
    Deno.test({
      ...needsData(`connect() to ${board.board} in mode ${mode}, then disconnect()`),
      fn: async () => {
        const bench = await openBench(board, { board: { image: spinning(board) } });
        await bench.target.connect(mode);
        const core = bench.target.primaryCore;
        const state = await core.state();
        assertEquals(state, mode === "attach" ? "running" : "halted");
        if (mode === "under-reset") assertEquals(await core.readRegister("pc"), board.flash.start + 0x40);
        assertEquals(await core.vectorCatch(), "");
        await bench.target.disconnect();
        const before = bench.board.instructions;
        bench.board.advance(1e6);
        assert(bench.board.instructions > before, "the core runs after disconnecting");
      },
    });
  }

  Deno.test({
    ...needsData(`reset() of ${board.board} halts at the reset handler with every type`),
    fn: async () => {
      const bench = await openBench(board, { board: { image: spinning(board) } });
      await bench.target.connect();
      const core = bench.target.primaryCore;
      const types: ResetType[] = [
        "default",
        "hardware",
        "system",
        "core",
        "n_srst",
        "sysresetreq",
        "vectreset",
        "emulated",
      ];
      for (const type of types) {
        await core.writeRegisters({ pc: board.flash.start + 0x80, r4: 0x1234 });
        await bench.target.reset(core, type, { halt: true });
        assertEquals([type, await core.state()], [type, "halted"]);
        assertEquals([type, await core.readRegister("pc")], [type, board.flash.start + 0x40]);
        assertEquals(await core.vectorCatch(), "");
        await bench.target.reset(core, type);
        assertEquals([type, await core.state()], [type, "running"]);
        await core.halt();
      }
    },
  });

  Deno.test({
    ...needsData(`runPlan() loads ${board.board}, and loading the same again touches nothing`),
    fn: async () => {
      const bench = await openBench(board, { board: { image: pattern(0x9000, 9) } });
      await bench.target.connect();
      const data = pattern(0x6123);
      const { start } = board.flash;
      const report = await load(bench, start, data);
      assertEquals(bench.board.flashBytes(start, data.length), data);
      assert(report.erasedSectors > 0 && report.programmedPages > 0);
      assertEquals(report.verifiedBytes, data.length);
      const again = await load(bench, start, data);
      assertEquals([again.erasedSectors, again.programmedPages], [0, 0]);
      assert(again.identicalSectors > 0);
      assertEquals(await bench.target.primaryCore.state(), "halted");
    },
  });

  Deno.test({
    ...needsData(`eraseSectors() and eraseChip() on ${board.board}`),
    fn: async () => {
      const bench = await openBench(board, { board: { image: pattern(0x9000, 9) } });
      await bench.target.connect();
      const { start } = board.flash;
      const device = flashDevice(bench.target);
      const banks = await banksOf(bench, start, 1);
      const plan = planErase([{ start: start + 1, end: start + 2 }], device.map, banks);
      const size = plan.jobs[0]!.sectors[0]!.size;
      assertEquals((await eraseSectors(plan, device)).erasedSectors, 1);
      assertEquals(bench.board.flashBytes(start, size).every((byte) => byte === 0xff), true);
      assertEquals(bench.board.flashBytes(start + size, 64), pattern(0x9000, 9).slice(size, size + 64));
      await eraseChip(banks, device);
      assertEquals(bench.board.flashBytes(start, 0x9000).every((byte) => byte === 0xff), true);
    },
  });

  Deno.test({
    ...needsData(`runPlan() on ${board.board} reports what a probe unplugged in the middle left behind`),
    fn: async () => {
      const faults = new FaultInjector();
      const bench = await openBench(board, { probe: { faults }, board: { image: pattern(0x4000, 5) } });
      await bench.target.connect();
      const { start } = board.flash;
      const data = pattern(0x4000);
      const stop = { armed: false };
      const error = await assertRejects(
        () =>
          load(bench, start, data, {}, {
            progress: ({ phase, done }) => {
              if (phase !== "program" || done < 0x1000 || stop.armed) return;
              stop.armed = true;
              unplug(bench);
            },
          }),
        FlashError,
      );
      assertEquals(error.exitCode, EXIT.noProbe);
      assert(error.cause instanceof ProbeError);
      assert(error.message.includes("not programmed 0x"), error.message);
      const programmed = error.fields.programmed as { start: number; end: number }[];
      for (const range of programmed) {
        assertEquals(
          bench.board.flashBytes(range.start, range.end - range.start),
          data.slice(range.start - start, range.end - start),
        );
      }
    },
  });
}

function unplug(bench: Bench): void {
  bench.link.send = () => Promise.reject(new ProbeError("Cannot send: the probe is gone", { code: "probe-gone" }));
}

for (const board of [F407, F072]) {
  Deno.test({
    ...needsData(`a read-protected ${board.board} is debugged, not programmed, and mass erase opens it`),
    fn: async () => {
      const bench = await openBench(board, { board: { locked: true, image: spinning(board) } }, { autoUnlock: true });
      await bench.target.connect();
      assertEquals(bench.board.flashBytes(board.flash.start, 0x100), spinning(board));
      const error = await assertRejects(
        () => load(bench, board.flash.start, pattern(64)),
        FlashError,
        "Cannot change flash: read-back protection (RDP level 1) is on (erased nothing; programmed nothing",
      );
      assertEquals([error.code, error.exitCode], ["target-locked", EXIT.flash]);
      assertEquals(await bench.target.massErase(), "family STM32");
      assertEquals((await bench.target.lockState()).locked, false);
      await load(bench, board.flash.start, pattern(64));
      assertEquals(bench.board.flashBytes(board.flash.start, 64), pattern(64));
    },
  });
}

Deno.test({
  ...needsData("runPlan() gives up on a vendor algorithm that never returns, and the core is halted"),
  fn: async () => {
    const bench = await openBench(F072);
    await bench.target.connect();
    const stuck = (algorithm: FlashAlgorithm): FlashAlgorithm => {
      const image = algorithm.image.slice();
      image.set([0xfe, 0xe7], algorithm.entry.programPage!);
      return { ...algorithm, image };
    };
    const begun = bench.target.clock.now();
    const error = await assertRejects(
      () => load(bench, 0x08000000, pattern(64), {}, { timeouts: { programMs: 500 } }, stuck),
      FlashError,
      "Cannot program 1024 bytes at 0x08000000: flash algorithm did not return within 500 ms",
    );
    assertEquals(error.exitCode, EXIT.timeout);
    assert(bench.target.clock.now() - begun < 3000);
    assertEquals(await bench.target.primaryCore.state(), "halted");
  },
});

Deno.test({
  ...needsData("runPlan() decodes the fault of a vendor algorithm that crashes"),
  fn: async () => {
    const bench = await openBench(F407, { board: { image: spinning(F407) } });
    await bench.target.connect();
    const crash = (algorithm: FlashAlgorithm): FlashAlgorithm => {
      const image = algorithm.image.slice();
      image.set([0xff, 0xde], algorithm.entry.init!);
      return { ...algorithm, image };
    };
    const error = await assertRejects(() => load(bench, 0x08000000, pattern(64), {}, {}, crash), FlashError);
    assert(/took a HardFault at 0x2001[0-9a-f]{4} \(.*UFSR\.UNDEFINSTR/.test(error.message), error.message);
    assertEquals(error.code, "flash-init-crashed");
  },
});

Deno.test({
  ...needsData("runPlan() says what the algorithm returned when the controller refuses"),
  fn: async () => {
    const bench = await openBench(F072, { board: { image: new Uint8Array(0x1000) } });
    await bench.target.connect();
    const device = flashDevice(bench.target);
    const [bank] = await banksOf(bench, 0x08000000, 1);
    const skipErase = (algorithm: FlashAlgorithm): FlashAlgorithm => {
      const image = algorithm.image.slice();
      image.set([0x00, 0x20, 0x70, 0x47], algorithm.entry.eraseSector);
      return { ...algorithm, image };
    };
    assert(bank !== undefined && device.map.regionAt(0x08000000) !== undefined);
    const error = await assertRejects(
      () => load(bench, 0x08000000, pattern(64), {}, {}, skipErase),
      FlashError,
      "flash algorithm returned 1",
    );
    assertEquals([error.exitCode, error.fields.phase], [EXIT.flash, "program"]);
  },
});

Deno.test({
  ...needsData("runPlan() is not reached by an image outside flash"),
  fn: async () => {
    const bench = await openBench(F407);
    await bench.target.connect();
    const error = await assertRejects(
      () => load(bench, 0x080ffff0, pattern(0x20)),
      FlashError,
      "no memory at 0x08100000",
    );
    assertEquals(error.code, "image-outside-memory");
  },
});

Deno.test({
  ...needsData("connect() to a board without an answering target fails as such"),
  fn: async () => {
    const bench = await openBench(F407);
    bench.probe.transfer = () => Promise.resolve({ words: new Uint32Array(0), done: 0, partial: 0, fault: "no-ack" });
    const error = await assertRejects(() => bench.target.connect(), TransferError);
    assertEquals(error.exitCode, EXIT.noTarget);
  },
});

Deno.test({
  ...needsData("loadImage() puts flash and RAM segments where they belong"),
  fn: async () => {
    const bench = await openBench(F072);
    await bench.target.connect();
    const segments = [{ address: 0x20000100, data: pattern(9) }, { address: 0x08000800, data: pattern(0x900) }];
    const report = await loadImage(bench.target, segments, { keepUnwritten: true });
    assertEquals([report.ramBytes, report.programmedBytes], [9, 0xc00]);
    assertEquals(bench.board.flashBytes(0x08000800, 0x900), pattern(0x900));
    assertEquals(Uint8Array.from(await bench.target.primaryCore.readBytes(0x20000100, 9)), pattern(9));
    assertEquals((await allBanks(bench.target)).map((bank) => bank.name), ["Flash"]);
  },
});

for (const board of BOARDS) {
  Deno.test({
    ...needsData(`runPlan() on ${board.board} that trusts checksums touches only the sector with a wrong bit`),
    fn: async () => {
      const bench = await openBench(board);
      await bench.target.connect();
      const { start } = board.flash;
      const image = pattern(40_000);
      await load(bench, start, image);
      const packets = () => bench.probe.stats.packets;
      const before = packets();
      const idle = await load(bench, start, image, {}, { trustCrc: true });
      assert(packets() - before < 40, `${packets() - before} packets`);
      assertEquals([idle.erasedSectors, idle.programmedPages], [0, 0]);
      const whole = bench.board.flashBytes(start, 0x10000);
      bench.board.loadFlash(start + 20_001, Uint8Array.of(image[20_001]! ^ 0x40));
      const report = await load(bench, start, image, {}, { trustCrc: true });
      assertEquals(report.erasedSectors, 1);
      assertEquals(bench.board.flashBytes(start, 0x10000), whole);
      const blank = await load(bench, start + 0x10000, pattern(0x10000, 5), {}, { trustCrc: true });
      assertEquals([blank.erasedSectors, blank.identicalSectors], [0, 0]);
    },
  });
}
