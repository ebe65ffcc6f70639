/**
 * Loads every pack, package description and flash algorithm of the real data and prints what became of them; with
 * `TAPIR_PACKS=DIRECTORY` those of another folder, where whatever is wrong is printed and fails nothing.
 */
import { assert, assertEquals } from "@std/assert";
import { resolve } from "@std/path";
import { TapirError } from "../lib/base/errors.ts";
import { describeDevice } from "../lib/pack/device.ts";
import { systemFiles } from "../lib/pack/files.ts";
import { parseFlm } from "../lib/pack/flm.ts";
import { openPack, type Pack } from "../lib/pack/source.ts";
import type { FlashAlgorithmSource, TargetDescription } from "../lib/target/description.ts";

const OTHER = Deno.env.get("TAPIR_PACKS");
const isOther = OTHER !== undefined;
const DATA = isOther
  ? `${resolve(OTHER)}/`
  : decodeURIComponent(new URL("../../shared/data/", import.meta.url).pathname);
const present = await systemFiles.stat(DATA) !== undefined;
const ignore = !present;
const why = present ? "" : " (ignored: ../shared/data is absent)";

/** What cannot be opened, and why; anything else has to open. */
const UNUSABLE: Readonly<Record<string, string>> = {
  "FakeZip.PackName.1.2.3.pack": "it is not a ZIP archive",
  "PackWith.ParentDirectoryFiles.1.2.3.pack": "it names a path outside of itself",
  "PackWith.TaintedFiles.1.2.3.pack": "it names a path outside of itself",
  "PackWithout.PdscFileInside.1.2.3.pack": "it holds no package description",
  "MalformedPack.pdsc": "Unclosed tag",
  "InvalidSchema.pdsc": "Expected closing tag 'condition'",
  "TestMemoryRegions/pack/DFP/ARM.RteTest_DFP.pdsc": "Attribute 'Pname' has no space in starting",
  "cmsis-pack-manager-tests/bench.pdsc": "it is not a package description but <pdsc>",
};

async function* filesBelow(directory: string): AsyncGenerator<string> {
  const items = [...await systemFiles.list(directory)].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isDirectory } of items) {
    if (isDirectory) yield* filesBelow(`${directory}/${name}`);
    else yield `${directory}/${name}`;
  }
}

interface Row {
  devices: number;
  supported: number;
  regions: number;
  flash: number;
  sequences: number;
  loaded: number;
  missing: number;
  defects: string[];
}

/** Loads each algorithm file of the targets once. */
async function loadAlgorithms(targets: readonly TargetDescription[], row: Row): Promise<void> {
  const byFile = new Map<string, FlashAlgorithmSource>();
  for (const target of targets) for (const algorithm of target.algorithms) byFile.set(algorithm.name, algorithm);
  for (const algorithm of byFile.values()) {
    try {
      const loaded = await algorithm.load();
      assert(loaded.sectors.length > 0 && loaded.pageSize > 0, algorithm.name);
      row.loaded++;
    } catch (error) {
      if (!(error instanceof TapirError)) throw error;
      if (error.code === "missing-file") row.missing++;
      else row.defects.push(error.message);
    }
  }
}

function checkRegions({ name, memory }: TargetDescription): void {
  assertEquals(new Set(memory.map((region) => region.name)).size, memory.length, `${name}: names of regions repeat`);
  memory.forEach((region, i) => {
    assert(region.size > 0 && region.start + region.size <= 0x1_0000_0000, `${name} ${region.name}: range`);
    assert(i === 0 || memory[i - 1]!.start <= region.start, `${name} ${region.name}: order`);
    assert(!region.algorithm || region.kind === "flash", `${name} ${region.name}: algorithm without flash`);
  });
}

/** Families of which every device has to come out whole. */
function mustBeWhole(pack: Pack): boolean {
  return /STM32F[04]xx_DFP|nRF_DeviceFamilyPack/.test(pack.pdsc.name);
}

async function report(path: string): Promise<{ row: Row; pack: Pack }> {
  const pack = await openPack(path, systemFiles);
  const supported = pack.pdsc.devices.filter((device) => device.isSupported);
  const targets = supported.map((device) => describeDevice(pack, device.name));
  const sum = (count: (target: TargetDescription) => number): number => targets.reduce((n, t) => n + count(t), 0);
  const row: Row = {
    devices: pack.pdsc.devices.length,
    supported: supported.length,
    regions: sum((target) => target.memory.length),
    flash: sum((target) => target.memory.filter((region) => region.kind === "flash").length),
    sequences: supported.reduce((n, device) => n + pack.pdsc.device(device.name).sequences.length, 0),
    loaded: 0,
    missing: 0,
    defects: [],
  };
  for (const target of targets) {
    checkRegions(target);
    assert(target.processors.length > 0, target.name);
    if (isOther || !mustBeWhole(pack)) continue;
    assert(target.memory.some((region) => region.isBoot && region.algorithm), `${target.name} has no boot flash`);
    assert(target.memory.some((region) => region.kind === "ram" && region.isDefault), `${target.name} has no RAM`);
  }
  await loadAlgorithms(targets, row);
  pack.close();
  return { row, pack };
}

Deno.test({
  name: `every pack and package description loads, or names its defect${why}`,
  ignore,
  fn: async () => {
    const lines: string[] = [];
    const failures: string[] = [];
    const skipped = new Map<string, number>();
    const total = { devices: 0, supported: 0, flash: 0, loaded: 0, missing: 0, failed: 0 };
    for await (const path of filesBelow(DATA.replace(/\/$/, ""))) {
      if (!/\.(pack|pdsc)$/i.test(path)) continue;
      const name = path.slice(DATA.length);
      const expected = Object.keys(UNUSABLE).find((key) => path.endsWith(key));
      try {
        const { row, pack } = await report(path);
        failures.push(...row.defects.map((defect) => `${name}: ${defect}`));
        if (!isOther) {
          assertEquals(expected, undefined, `${name} should not open`);
          const stubs = name.startsWith("cmsis-pack-manager-tests/") ? 1 : 0;
          assertEquals(row.defects.length, stubs && row.defects.length, `${name}: ${row.defects.join("\n")}`);
        }
        for (const problem of pack.pdsc.problems) {
          assert(problem.line > 0 && problem.file !== "", name);
          const kind = problem.message.replaceAll(/(?<=^|[ "(])(?=\S*[0-9])\S+/g, "…");
          skipped.set(kind, (skipped.get(kind) ?? 0) + 1);
        }
        for (const key of ["devices", "supported", "flash", "loaded", "missing"] as const) total[key] += row[key];
        if (row.devices === 0) continue;
        const numbers = [row.devices, row.supported, row.regions, row.flash, row.sequences, row.loaded, row.missing];
        lines.push(name.replace(/^.*\//, "").padEnd(58) + numbers.map((n) => String(n).padStart(6)).join(""));
      } catch (error) {
        if (!(error instanceof TapirError)) throw error;
        failures.push(`${name}: ${error.message}`);
        total.failed++;
        if (isOther) continue;
        if (expected === undefined) throw error;
        assert(error.message.includes(UNUSABLE[expected]!), error.message);
      }
    }
    const header = ["device", "usable", "region", "flash", "seqs", "algos", "absent"].map((h) => h.padStart(6)).join(
      "",
    );
    console.log([`${"pack".padEnd(58)}${header}`, ...lines].join("\n"));
    console.log("left out or bent into shape:");
    for (const [kind, count] of [...skipped].sort((a, b) => b[1] - a[1])) {
      console.log(`${String(count).padStart(6)} ${kind}`);
    }
    console.log(["could not be used:", ...failures].join("\n  "));
    console.log("total:", total);
    if (isOther) return;
    assertEquals(total.failed, Object.keys(UNUSABLE).length);
    assert(total.supported > 3000 && total.flash > 4000 && total.loaded > 350, JSON.stringify(total));
  },
});

Deno.test({
  name: `every flash algorithm file parses${why}`,
  ignore: ignore || isOther,
  fn: async () => {
    let parsed = 0;
    for await (const path of filesBelow(DATA.replace(/\/$/, ""))) {
      if (!/\.flm$/i.test(path)) continue;
      const { sectors, start, size, staticBase, image } = parseFlm(await systemFiles.read(path), path);
      assert(staticBase <= image.length, path);
      // Sectors begin with the device and reach its end, though the last may stick out.
      const last = sectors.at(-1)!;
      assertEquals(sectors[0]?.start, start, path);
      assert(last.start + last.size * last.count >= start + size, path);
      parsed++;
    }
    assert(parsed > 350, `${parsed} parsed`);
  },
});

Deno.test({
  name: `describeDevice() finds real devices as people type them${why}`,
  ignore: ignore || isOther,
  fn: async () => {
    const f4 = await openPack(`${DATA}dfp/Keil.STM32F4xx_DFP.3.1.2-dev`, systemFiles);
    const target = describeDevice(f4, "stm32f429zitx");
    assertEquals([target.name, target.vendor, target.families[0]], [
      "STM32F429ZITx",
      "STMicroelectronics",
      "STM32F4 Series",
    ]);
    const boot = target.memory.find((region) => region.isBoot)!;
    assertEquals([boot.start, boot.size], [0x08000000, 0x200000]);
    const algorithm = await boot.algorithm!.load();
    assertEquals(algorithm.sectors[0], { start: 0x08000000, size: 0x4000, count: 4 });
    const nordic = await openPack(`${DATA}packs/NordicSemiconductor.nRF_DeviceFamilyPack.8.44.1.pack`, systemFiles);
    assertEquals(describeDevice(nordic, "nrf52840").name, "nRF52840_xxAA");
    nordic.close();
    const alif = await openPack(`${DATA}dfp/AlifSemiconductor.Ensemble.2.0.2`, systemFiles);
    assertEquals(describeDevice(alif, alif.pdsc.devices[0]!.name).processors.map((p) => [p.name, p.core, p.ap]), [
      ["M55_HP", "Cortex-M55", 0x00200000],
      ["M55_HE", "Cortex-M55", 0x00300000],
    ]);
  },
});
