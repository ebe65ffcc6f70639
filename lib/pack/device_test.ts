import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { algorithmSource, describeResolved } from "./device.ts";
import { systemFiles } from "./files.ts";
import { parseFlm } from "./flm.ts";
import { pdscDevice } from "./testing/pdsc_device.ts";
import { debugTopology } from "./sequences.ts";
import { withSequenceFlash } from "./sequences_flash.ts";

const FLM = fileURLToPath(new URL("../../scripts/demo/Tapir.Demo_DFP/STM32F4_demo.FLM", import.meta.url));

Deno.test("algorithmSource() moves an algorithm only to where it would not reach by itself", async () => {
  const own = parseFlm(await systemFiles.read(FLM), FLM);
  const at = async (start: number): Promise<number[]> => {
    const source = algorithmSource({ read: (path) => systemFiles.read(path) }, {
      name: FLM,
      start,
      size: 0x4000,
      isDefault: true,
      style: "Keil",
      line: 1,
    });
    const { start: moved, sectors } = await source.load();
    return [moved, sectors[0]!.start];
  };
  assertEquals(await at(own.start + 0x4000), [own.start, own.start]);
  assertEquals(await at(0x90000000), [0x90000000, 0x90000000]);
});

Deno.test("debugTopology() keeps what access ports hang from, and counts from 0 what nobody numbers", () => {
  const topology = debugTopology(pdscDevice(
    `<accessportV2 __apid="1" address="0x2000"/><accessportV2 __apid="2" address="0x1000" parent="1"/>
    <debug __apid="2"/>`,
  ));
  assertEquals(topology.accessPorts, [
    { id: 1, dp: 0, address: { base: 0x2000 } },
    { id: 2, dp: 0, address: { base: 0x1000 }, parent: 1 },
  ]);
  assertEquals(topology.processors, [{ name: "Cortex-M4", dp: 0, ap: 0, apid: 2 }]);
});

Deno.test("describeResolved() hands on HPROT and SPROT of access ports that discovery opens", () => {
  const described = pdscDevice(
    `<accessportV1 __apid="0" index="0"/><accessportV1 __apid="1" index="1" HPROT="0x0B" SPROT="1"/>
    <accessportV1 __apid="2" index="2" SPROT="0"/><accessportV2 __apid="3" address="0x2000" parent="1" HPROT="1"/>`,
  );
  const files = { read: () => Promise.reject(new Error("not needed")) };
  assertEquals(describeResolved(described, "pack", files).busAttributes, [
    { ap: 1, hprot: 0x0b, nonSecure: true },
    { ap: 2, nonSecure: false },
  ]);
});

Deno.test("withSequenceFlash() erases the chip only by a sequence that does something", async () => {
  const info = '<flashinfo name="I" start="0" pagesize="64"><block count="2" size="256"/></flashinfo>';
  const region = {
    name: "F",
    kind: "flash",
    start: 0,
    size: 512,
    access: "rx",
    isBoot: true,
    isDefault: true,
  } as const;
  const erases = async (sequences: string): Promise<boolean> => {
    const [flash] = withSequenceFlash([region], pdscDevice(`${info}<sequences>${sequences}</sequences>`));
    return (await flash!.algorithm!.load()).entry.eraseChip !== undefined;
  };
  assertEquals(await erases('<sequence name="FlashEraseChip"><block>1;</block></sequence>'), true);
  assertEquals(await erases('<sequence name="FlashEraseChip"/>'), false);
  assertEquals(await erases('<sequence name="FlashEraseChip" disable="1"><block>1;</block></sequence>'), false);
  assertEquals(await erases(""), false);
});
