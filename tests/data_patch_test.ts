/** Data patches of a chip's description, applied while its debug components are discovered. */
import { assertEquals } from "@std/assert";
import { findComponent, flattenComponents } from "../lib/coresight/discovery.ts";
import { describeResolved } from "../lib/pack/device.ts";
import { Pdsc } from "../lib/pack/pdsc.ts";
import { openSim } from "../lib/probe/sim/driver.ts";
import { GENERIC_TARGET } from "../lib/session/targets.ts";
import type { DataPatch } from "../lib/target/description.ts";
import { DEFAULT_SETTINGS } from "../lib/target/settings.ts";
import { Target } from "../lib/target/target.ts";

const DWT = 0xe0001000;

async function partOfDwt(dataPatches: readonly DataPatch[]): Promise<{ part?: number | undefined; count: number }> {
  const { probe } = await openSim("stm32f407");
  const description = { ...GENERIC_TARGET, dataPatches };
  const target = new Target({ probe, description, layers: [], settings: DEFAULT_SETTINGS });
  await target.connect("attach");
  const [tree] = target.components.values();
  await target.disconnect({ resume: true });
  await probe.close();
  const dwt = tree && flattenComponents(tree).find((node) => node.address === DWT);
  return { part: dwt?.id?.part, count: tree && findComponent(tree, "scs") ? flattenComponents(tree).length : 0 };
}

Deno.test("discovery takes component identification from data patches of its access port only", async () => {
  const patch = { kind: "memory", address: DWT + 0xfe0, value: 0x0a, mask: 0xff } as const;
  assertEquals((await partOfDwt([])).part, 0x002);
  assertEquals((await partOfDwt([patch])).part, 0x00a);
  assertEquals((await partOfDwt([{ ...patch, ap: 0 }])).part, 0x00a);
  assertEquals((await partOfDwt([{ ...patch, ap: 1 }])).part, 0x002);
});

Deno.test("discovery takes the ROM table's address from a data patch of the access port", async () => {
  const whole = await partOfDwt([]);
  const wrong = await partOfDwt([{ kind: "ap-register", address: 0xf8, value: 0xe0001003, mask: 0xffff_ffff }]);
  assertEquals([whole.count > 1, wrong.count], [true, 0]);
});

Deno.test("describeResolved() hands data patches on with the access port they belong to", () => {
  const pdsc = new Pdsc(
    `<package><vendor>V</vendor><name>P</name><devices><family Dfamily="F" Dvendor="V:1"><device Dname="D1">
    <processor Dcore="Cortex-M4"/><debug __ap="2">
      <datapatch address="0xE0040FF0" value="0x0D" mask="0xFF"/><datapatch type="AP" address="0xF8" value="0xE00FF003"/>
    </debug></device></family></devices></package>`,
    "P.pdsc",
  );
  const { dataPatches } = describeResolved(pdsc.device("D1"), "pack", {
    read: () => Promise.reject(new Error("no file")),
  });
  assertEquals(dataPatches, [
    { kind: "memory", address: 0xe0040ff0, value: 0x0d, mask: 0xff, ap: 2 },
    { kind: "ap-register", address: 0xf8, value: 0xe00ff003, mask: 0xffffffff, ap: 2 },
  ]);
});
