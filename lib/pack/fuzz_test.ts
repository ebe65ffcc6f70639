/**
 * Damaged packs: whatever is done to them, they are read, or refused with FormatError or PackError, and soon.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ByteWriter } from "../base/bytes.ts";
import { FormatError, PackError } from "../base/errors.ts";
import { bytesSource } from "../format/byte_source.ts";
import { buildElf, buildZip, damage } from "../format/testing.ts";
import { describeDevice } from "./device.ts";
import { findDevice } from "./find.ts";
import { parseFlm } from "./flm.ts";
import { Pdsc } from "./pdsc.ts";
import { openPackArchive } from "./source.ts";

const RUNS = { numRuns: 150 };
const LIMIT_MS = 1500;
const recipes = fc.uint8Array({ minLength: 4, maxLength: 24 });

async function survives(read: () => unknown): Promise<void> {
  const start = performance.now();
  try {
    await read();
  } catch (error) {
    if (!(error instanceof FormatError) && !(error instanceof PackError)) throw error;
  }
  const ms = performance.now() - start;
  assert(ms < LIMIT_MS, `it took ${ms} ms`);
}

const PDSC = new TextEncoder().encode(`<package><vendor>V</vendor><name>P</name><devices>
<family Dfamily="F" Dvendor="V:1"><processor Dcore="Cortex-M4" Pname="A"/><processor Dcore="Cortex-M0+" Pname="B"/>
<debugconfig default="swd" clock="1000000" dormant="1"/><debug Pname="A" __apid="1" svd="a.svd"/><debug Pname="B" __ap="2"/>
<accessportV2 __apid="1" address="0x2000"/><debugvars configfile="a.dbgconf">__var x = 1;</debugvars>
<memory id="IROM1" start="0x08000000" size="0x100000" startup="1" default="1"/>
<memory name="RAM" access="rwx" start="0x20000000" size="64k" default="1" alias="IROM1"/>
<algorithm name="Flash\\a.FLM" start="0x08000000" size="0x80000" default="1" RAMstart="0x20000000" RAMsize="4096"/>
<flashinfo name="I" start="0x100" pagesize="64"><block count="2" size="16" arg="1"/><gap size="32"/></flashinfo>
<sequences><sequence name="S"><control if="a &lt; 1" timeout="5"><block atomic="1">x;</block></control></sequence></sequences>
<subFamily DsubFamily="S"><device Dname="D1"><variant Dvariant="D1a"/></device></subFamily></family></devices></package>`);

function flashDevice(): Uint8Array {
  const out = new ByteWriter().u16(0x101).bytes(new Uint8Array(128).fill(0x41)).u16(1).u32(0x08000000).u32(0x80000);
  out.u32(0x400).u32(0).u32(0xff).u32(100).u32(6000);
  return out.u32(0x1000).u32(0).u32(0xffffffff).u32(0xffffffff).done();
}

const FLM = buildElf([
  { name: "PrgCode", data: new Uint8Array(32) },
  { name: "PrgData", address: 32, data: new Uint8Array(8) },
  { name: "PrgData", type: 8, address: 40, size: 16 },
  { name: "DevDscr", address: 0x100, data: flashDevice() },
], [["Init", 1, 1], ["UnInit", 3, 1], ["EraseSector", 5, 1], ["ProgramPage", 7, 1], ["FlashDevice", 0x100, 4]]);

Deno.test("the undamaged algorithm and description are good, so that damage reaches every part of their readers", () => {
  assertEquals(parseFlm(FLM, "x.FLM").sectors, [{ start: 0x08000000, size: 0x1000, count: 128 }]);
  const pdsc = new Pdsc(PDSC, "x.pdsc");
  assertEquals([pdsc.device("D1a").algorithms.length, pdsc.problems], [1, []]);
});

Deno.test("parseFlm() survives damaged algorithms", async () => {
  await fc.assert(fc.asyncProperty(recipes, (recipe) => survives(() => parseFlm(damage(FLM, recipe), "x.FLM"))), RUNS);
});

Deno.test("Pdsc survives damaged descriptions, down to the last device", async () => {
  const property = fc.asyncProperty(recipes, (recipe) =>
    survives(() => {
      const pdsc = new Pdsc(damage(PDSC, recipe), "x.pdsc");
      for (const { name } of pdsc.devices) pdsc.device(name);
      pdsc.boards();
    }));
  await fc.assert(property, RUNS);
});

Deno.test("openPackArchive() survives damaged archives, and describes what is left", async () => {
  const good = await buildZip([
    { name: "V.P.pdsc", data: PDSC, deflate: true },
    { name: "Flash/a.FLM", data: FLM, deflate: true },
  ]);
  const property = fc.asyncProperty(recipes, (recipe) =>
    survives(async () => {
      const pack = await openPackArchive(bytesSource(damage(good, recipe)), "x.pack");
      const target = describeDevice(pack, "D1a");
      for (const algorithm of target.algorithms) await algorithm.load();
    }));
  await fc.assert(property, RUNS);
});

Deno.test("findDevice() survives whatever people type", async () => {
  const devices = ["STM32F407VGTx", "x", "", "[%s]", "nRF52840_xxAA"].map((name) => ({ name }));
  const property = fc.asyncProperty(
    fc.string({ maxLength: 40 }),
    (typed) => survives(() => findDevice(typed, devices)),
  );
  await fc.assert(property, RUNS);
});
