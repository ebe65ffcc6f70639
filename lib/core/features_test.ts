import { assertEquals } from "@std/assert";
import { decodeIdentity, type IdentityWords } from "./features.ts";
import { REGISTERS, registersFor } from "./registers.ts";

const NOTHING: IdentityWords = {
  cpuid: 0,
  ddevarch: 0,
  mpuType: 0,
  id: new Uint32Array(16),
  mvfr: new Uint32Array(3),
  pmuType: 0,
};

function idWords(values: Readonly<Record<number, number>>): Uint32Array {
  const out = new Uint32Array(16);
  for (const [index, value] of Object.entries(values)) out[Number(index)] = value;
  return out;
}

Deno.test("decodeIdentity() does not read features into a Cortex-M0", () => {
  const { features, capabilities } = decodeIdentity({ ...NOTHING, cpuid: 0x410cc200 });
  assertEquals([features.name, features.revision, features.architecture], ["Cortex-M0", "r0p0", "v6-M"]);
  assertEquals([features.fpu, features.extensions, capabilities.mainline], [undefined, [], false]);
});

Deno.test("decodeIdentity() names a core it does not know by its CPUID", () => {
  const { features } = decodeIdentity({ ...NOTHING, cpuid: 0x4a0f9990 });
  assertEquals([features.name, features.architecture], ["Unknown (CPUID=0x4a0f9990)", "v7-M"]);
});

Deno.test("decodeIdentity() sees the single-precision unit of a Cortex-M4", () => {
  const { features } = decodeIdentity({
    ...NOTHING,
    cpuid: 0x410fc241,
    mpuType: 0x800,
    id: idWords({ 11: 0x01111131 }),
    mvfr: Uint32Array.of(0x10110021, 0x11000011, 0),
  });
  assertEquals([features.revision, features.architecture, features.fpu], ["r0p1", "v7-M", "FPv4-SP-D16"]);
  assertEquals(features.extensions, ["MPU", "DSP", "FPU", "FPU_V4"]);
});

Deno.test("decodeIdentity() sees double precision and caches of a Cortex-M7", () => {
  const { features, caches } = decodeIdentity({
    ...NOTHING,
    cpuid: 0x411fc271,
    id: idWords({ 14: 0x09000003, 15: 0x8303c003 }),
    mvfr: Uint32Array.of(0x10110221, 0x12000011, 0x40),
  });
  assertEquals([features.fpu, caches], ["FPv5-D16", { instructionLine: 32, dataLine: 32 }]);
});

Deno.test("decodeIdentity() tells Armv8-M baseline, mainline and v8.1-M apart", () => {
  const v8 = { ...NOTHING, ddevarch: 0x47702a04 };
  const m23 = decodeIdentity({ ...v8, cpuid: 0x411cd200, id: idWords({ 1: 0x210 }) });
  assertEquals([m23.features.architecture, m23.features.extensions], ["v8-M baseline", ["SEC"]]);
  const m33 = decodeIdentity({ ...v8, cpuid: 0x410fd213 });
  assertEquals(m33.features.architecture, "v8-M mainline");
  const m55 = decodeIdentity({
    ...v8,
    cpuid: 0x411fd220,
    id: idWords({ 1: 0x230, 8: 0x00103110 }),
    mvfr: Uint32Array.of(0x10110221, 0x12100211, 0x40),
    pmuType: 8,
  });
  assertEquals(m55.features.architecture, "v8.1-M mainline");
  assertEquals(m55.features.extensions, [
    "FPU",
    "FPU_V5",
    "FPU_DP",
    "FPU_HP",
    "MVE",
    "MVE_FP",
    "PMU",
    "SEC",
    "SEC_V81",
  ]);
});

Deno.test("registersFor() gives each core its own, and no two share a name or a number in gdb", () => {
  const has = { mainline: true, v8: true, security: false, mve: false, float: false };
  const names = (more: Partial<typeof has>) => registersFor({ ...has, ...more }).map((register) => register.name);
  assertEquals(names({}).filter((name) => name.includes("lim")), ["msplim_ns", "psplim_ns"]);
  assertEquals(names({ mainline: false, security: true }).filter((name) => name.includes("lim")), [
    "msplim_s",
    "psplim_s",
  ]);
  assertEquals(names({ mve: true }).filter((name) => /^(vpr|fpscr|s31|d15)$/.test(name)), [
    "vpr",
    "fpscr",
    "s31",
    "d15",
  ]);
  const numbers = REGISTERS.flatMap((register) => register.gdb === undefined ? [] : [register.gdb]);
  assertEquals(new Set(numbers).size, numbers.length);
  assertEquals(new Set(REGISTERS.map((register) => register.name)).size, REGISTERS.length);
});
