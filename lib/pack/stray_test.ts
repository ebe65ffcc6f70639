import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { sharedData, why } from "../../tests/support/shared_data.ts";
import { configureLog, silenceLog } from "../base/log.ts";
import { describeResolved } from "./device.ts";
import { systemFiles } from "./files.ts";
import { pdscDevice } from "./testing/pdsc_device.ts";
import { openPack } from "./source.ts";
import { describeSettled } from "./stray.ts";

/** An algorithm for 1 MB at 0x08000000. */
const FLM = fileURLToPath(new URL("../../scripts/demo/Tapir.Demo_DFP/STM32F4_demo.FLM", import.meta.url));

/** An algorithm for 64 KB at 0x10000000. */
const EXTERNAL = fileURLToPath(new URL("../../scripts/examples/external_flash/external_flash.FLM", import.meta.url));

const memory = (name: string, start: string, size = "0x10000"): string =>
  `<memory name="${name}" access="rx" start="${start}" size="${size}"/>`;
const algorithm = (name: string, start: string, size = "0x100000"): string =>
  `<algorithm name="${name}" start="${start}" size="${size}" default="1"/>`;

/** Flash regions with their algorithms, where those work, and what was warned about. */
async function settled(...elements: string[]): Promise<{ flash: string[]; warnings: string[] }> {
  const warnings: string[] = [];
  await configureLog({ level: "warning", sink: (line) => warnings.push(line.message) });
  try {
    const files = { read: (name: string) => systemFiles.read(name === "external.FLM" ? EXTERNAL : FLM) };
    const { memory } = await describeSettled(pdscDevice(elements.join("")), "pack", files);
    const flash = memory.filter((region) => region.kind === "flash").map(async ({ name, start, algorithm }) => {
      const loaded = await algorithm!.load();
      return `${name} ${start.toString(16)} ${algorithm!.name} ${loaded.sectors[0]!.start.toString(16)}`;
    });
    return { flash: await Promise.all(flash), warnings };
  } finally {
    await silenceLog();
  }
}

Deno.test("describeSettled() uses an algorithm that is declared in no memory where it says itself", async () => {
  assertEquals(await settled(memory("EEPROM", "0x08000000"), algorithm("e.FLM", "0x10000")), {
    flash: ["EEPROM 8000000 e.FLM 8000000"],
    warnings: [
      "D: the description puts algorithm e.FLM at 0x00010000, where no memory is; " +
      "it is used at 0x08000000, as it says itself",
    ],
  });
});

const PACK = "dfp/Microchip.SAMHA1_DFP.2.4.81";
const samha1 = sharedData(PACK);

Deno.test({
  name: `describeSettled() finds the EEPROM that a real pack describes wrongly${why(samha1.missing, PACK)}`,
  ignore: samha1.missing,
  fn: async () => {
    const pack = await openPack(samha1.path, systemFiles);
    await configureLog({ level: "error", sink: () => {} });
    try {
      const { memory } = await describeSettled(pack.pdsc.device("ATSAMHA1G16A"), "pack", pack);
      const flash = memory.filter((region) => region.kind === "flash");
      assertEquals(flash.map(({ name, start, size }) => [name, start, size]), [
        ["IROM1", 0, 0x10000],
        ["IROM2", 0x00400000, 0x800],
      ]);
      assertEquals((await flash[1]!.algorithm!.load()).sectors, [{ start: 0x00400000, size: 256, count: 8 }]);
    } finally {
      await silenceLog();
      pack.close();
    }
  },
});

Deno.test("describeSettled() leaves such an algorithm out where its own place belongs to another one", async () => {
  const elements = [memory("MAIN", "0x08000000"), algorithm("m.FLM", "0x08000000"), algorithm("e.FLM", "0x10000")];
  const { flash, warnings } = await settled(...elements);
  assertEquals(flash, ["MAIN 8000000 m.FLM 8000000"]);
  assertEquals(warnings, [
    "D: the description puts algorithm e.FLM at 0x00010000, where no memory is; " +
    "it is left out, because 0x08000000, which it is for, belongs to m.FLM",
  ]);
});

Deno.test("describeSettled() uses an algorithm that is declared over another one where it says itself", async () => {
  const memories = [memory("DATA", "0x08000000"), memory("MAIN", "0x10000000")];
  const main = algorithm("external.FLM", "0x10000000", "0x10000");
  assertEquals(await settled(...memories, main, algorithm("d.FLM", "0x10000000", "0x2000")), {
    flash: ["DATA 8000000 d.FLM 8000000", "MAIN 10000000 external.FLM 10000000"],
    warnings: [
      "D: the description puts algorithm d.FLM at 0x10000000, which belongs to external.FLM; " +
      "it is used at 0x08000000, as it says itself",
    ],
  });
  // Neither says that it is for where it is declared: both may serve an alias.
  const both = [algorithm("a.FLM", "0x0c000000"), algorithm("b.FLM", "0x0c000000", "0x2000")];
  const alias = [memory("ALIAS", "0x0c000000", "0x100000"), memory("DATA", "0x08000000")];
  assertEquals((await settled(...alias, ...both)).warnings, []);
});

Deno.test("describeSettled() believes an address in a memory, also one the algorithm was not built for", async () => {
  const elements = [memory("ALIAS", "0x0c000000"), algorithm("a.FLM", "0x0c000000"), memory("MAIN", "0x08000000")];
  assertEquals(await settled(...elements), { flash: ["ALIAS c000000 a.FLM c000000"], warnings: [] });
});

Deno.test("describeSettled() believes an address in no memory that the algorithm confirms", async () => {
  assertEquals(await settled(algorithm("o.FLM", "0x08001000", "0x1000")), {
    flash: ["o 8001000 o.FLM 8000000"],
    warnings: [],
  });
});

Deno.test("describeResolved() does not move an algorithm to where no memory is", async () => {
  const files = { read: () => systemFiles.read(FLM) };
  const { algorithms } = describeResolved(pdscDevice(algorithm("e.FLM", "0x10000")), "pack", files);
  assertEquals((await algorithms[0]!.load()).sectors[0]!.start, 0x08000000);
});
