/**
 * Speed without noise: `deno task bench` counts packets and modelled wire time in the simulator's ledger, on the very
 * code that drives real probes. `--json` prints one object a line. Exits with 1 when a figure is beyond its limit.
 *
 * `modelMs` is the time on a wire with the stated parameters: 10 MHz SWD, 512-byte packets, 0.25 ms USB round trip, four
 * packets in flight. `ratio` is the figure divided by its limit; 1 or less is good.
 *
 * @module
 */
import { Bus } from "../lib/sim/bus.ts";
import { CortexM } from "../lib/sim/cpu/cortex_m.ts";
import { createBoard } from "../lib/sim/boards/mod.ts";
import { SimLink } from "../lib/sim/link.ts";
import { SimProbe } from "../lib/sim/probe/probe.ts";
import { CmsisDapProbe } from "../lib/probe/cmsis_dap/probe.ts";
import { Target } from "../lib/target/target.ts";
import { DEFAULT_SETTINGS } from "../lib/target/settings.ts";
import { GENERIC_TARGET } from "../lib/session/targets.ts";

/** A line of the table. */
interface Result {
  readonly bench: string;
  readonly packets: number;
  readonly swdClocks: number;
  readonly modelMs: number;
  readonly limitMs: number | null;
  readonly ratio: number;
}

const SWD_HZ = 10_000_000;
const CLOCKS_PER_TRANSFER = 46;
const BYTES = 65536;
const MAX_OVERHEAD = 1.05;
const MAX_CONNECT_PACKETS = 40;
const MIN_INSTRUCTIONS_PER_SECOND = 20e6;

async function open(): Promise<{ target: Target; link: SimLink }> {
  const board = createBoard("stm32f407");
  const link = new SimLink(new SimProbe(board, { packetSize: 512, packetCount: 4 }), { usbRoundTripMs: 0.25 });
  const probe = await CmsisDapProbe.open(link, { uniqueId: "bench" });
  const settings = { ...DEFAULT_SETTINGS, frequency: SWD_HZ };
  return { target: new Target({ probe, description: GENERIC_TARGET, layers: [], settings }), link };
}

async function measure(
  bench: string,
  link: SimLink,
  limitMs: number | null,
  limitPackets: number | null,
  run: () => Promise<unknown>,
): Promise<Result> {
  const before = link.ledger.snapshot();
  await run();
  const after = link.ledger.snapshot();
  const packets = after.packetsOut - before.packetsOut;
  const modelMs = after.modelMs - before.modelMs;
  const ratio = limitMs !== null ? modelMs / limitMs : packets / (limitPackets ?? packets);
  return { bench, packets, swdClocks: after.swdClocks - before.swdClocks, modelMs, limitMs, ratio };
}

async function wireBenches(): Promise<Result[]> {
  const { target, link } = await open();
  const results: Result[] = [];
  results.push(
    await measure("connect, full discovery, halt", link, null, MAX_CONNECT_PACKETS, () => target.connect("halt")),
  );
  const core = target.primaryCore;
  const bare = (BYTES / 4) * CLOCKS_PER_TRANSFER / SWD_HZ * 1000 * MAX_OVERHEAD;
  const data = Uint8Array.from({ length: BYTES }, (_, i) => i * 7);
  results.push(
    await measure("write 64 KiB of RAM", link, bare, null, async () => {
      core.writeBytes(0x20000000, data);
      await core.flush();
    }),
    await measure("read 64 KiB of RAM", link, bare, null, () => core.readBytes(0x20000000, BYTES)),
    await measure("read 17 core registers", link, null, 1, () => core.readRegisters(GENERAL_REGISTERS)),
  );
  await target.disconnect({ resume: false });
  return results;
}

const GENERAL_REGISTERS = [...Array.from({ length: 13 }, (_, i) => `r${i}`), "sp", "lr", "pc", "xpsr"];

/** A loop of loads, adds, compares and branches, as compilers make them. */
const LOOP = Uint16Array.of(
  ...[0x2000, 0x4904, 0x680a, 0x1812, 0x600a], // r0 = 0; r1 = 0x20000100; *r1 += r0
  ...[0x3001, 0x28ff, 0xd1f9, 0xe7f6, 0xbf00], // until r0 is 255, then again
  ...[0x0100, 0x2000],
);

function simulatorBench(): Result {
  const bus = new Bus();
  const flash = new Uint8Array(4096);
  flash.set([0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x00]);
  flash.set(new Uint8Array(LOOP.buffer), 8);
  bus.mapMemory({ name: "flash", start: 0, bytes: flash, writable: false });
  bus.mapMemory({ name: "ram", start: 0x20000000, bytes: new Uint8Array(8192), writable: true });
  const cpu = new CortexM({ model: "cortex-m4f", bus, hz: 16_000_000 });
  cpu.powerOnReset();
  cpu.run(2_000_000);
  const first = cpu.instructions;
  const start = performance.now();
  cpu.run(20_000_000);
  const perSecond = (cpu.instructions - first) / (performance.now() - start) * 1000;
  console.error(`simulator: ${(perSecond / 1e6).toFixed(1)} million instructions a second`);
  return {
    bench: "simulate 20 million instructions a second",
    packets: 0,
    swdClocks: 0,
    modelMs: 0,
    limitMs: null,
    ratio: MIN_INSTRUCTIONS_PER_SECOND / perSecond,
  };
}

const results = [...await wireBenches(), simulatorBench()];
if (Deno.args.includes("--json")) {
  for (const result of results) console.log(JSON.stringify(result));
} else {
  console.log(
    `${"bench".padEnd(44)}${"packets".padStart(9)}${"SWD clocks".padStart(12)}${"model ms".padStart(11)}${
      "limit ms".padStart(11)
    }${"ratio".padStart(8)}`,
  );
  for (const { bench, packets, swdClocks, modelMs, limitMs, ratio } of results) {
    console.log(
      bench.padEnd(44) + String(packets).padStart(9) + String(swdClocks).padStart(12) +
        modelMs.toFixed(2).padStart(11) +
        (limitMs?.toFixed(2) ?? "-").padStart(11) + ratio.toFixed(3).padStart(8),
    );
  }
}
if (results.some(({ ratio }) => ratio > 1)) {
  console.error("A figure is beyond its limit (ratio above 1)");
  Deno.exit(1);
}
