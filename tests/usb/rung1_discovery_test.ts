/**
 * Discovery of probes through the real libusb in the odd cases: what the system does not know, what devices refuse to
 * say, and what other programs use. See docs/usb.md for the set-up.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { hexBytes } from "../../lib/base/bytes.ts";
import { buildDescriptors } from "../../lib/sim/usb/descriptors.ts";
import { Bench, DEMO, rung1Test } from "./rung1.ts";
import { sysPath } from "./umockdev.ts";

/** Changes what the made-up sysfs says of the devices. */
async function editSysfs(bench: Bench, edit: (text: string) => string): Promise<void> {
  const path = `${bench.socket}.umockdev`;
  await Deno.writeTextFile(path, edit(await Deno.readTextFile(path)));
}

/** Makes the system forget what devices say about themselves, so that they have to be asked. */
const withoutStrings = (text: string): string =>
  text.split("\n").filter((line) => !/^A: (interface|manufacturer|product|serial)=/.test(line)).join("\n");

/** Adds the kernel's HID device to an interface of the first device. */
const withReport = (number: number, report: Uint8Array) => (text: string): string =>
  `${text}\n${
    [
      `P: ${sysPath(0)}/1-1:1.${number}/0003:0D28:0204.000${number + 1}`,
      "E: SUBSYSTEM=hid",
      `H: report_descriptor=${hexBytes(report)}`,
    ].join("\n")
  }\n`;

interface Listed {
  readonly uniqueId: string;
  readonly description: string;
  readonly board?: { readonly boardName: string };
  readonly problem?: { readonly code: string; readonly message: string; readonly hint?: string };
}

async function listJson(bench: Bench): Promise<{ probes: Listed[]; ms: number }> {
  const { code, stdout, stderr, ms } = await bench.tapir(["list", "--json"]);
  assertEquals(code, 0, stderr);
  return { probes: JSON.parse(stdout).probes, ms };
}

rung1Test(
  "rung 1: devices the system knows nothing about are asked all at once, and one that hangs costs a second",
  async () => {
    const silent = { identity: { strings: "silence" } } as const;
    await using bench = await Bench.start([
      ...Array.from({ length: 24 }, (_, i) => ({ board: "stm32f072", serial: `024000${i + 10}` })),
      { board: "stm32f072", serial: "", ...silent },
      { board: "stm32f072", serial: "", ...silent },
      { board: "stm32f072", serial: "", identity: { strings: "stall" } },
      { board: "stm32f072", serial: "02400010" },
    ]);
    await editSysfs(bench, withoutStrings);
    const { probes, ms } = await listJson(bench);
    assertEquals(probes.length, 28);
    const ids = probes.map(({ uniqueId }) => uniqueId);
    assertEquals(new Set(ids).size, 28);
    assertEquals(ids.filter((id) => id.includes("@")).sort(), ["02400010@1-1", "02400010@1-28"]);
    const broken = probes.filter(({ problem }) => problem !== undefined && problem.code === "usb-timeout");
    assertEquals(broken.map(({ uniqueId, description }) => [uniqueId, description]), [
      ["0d28-0204-1-25", "DAPLink"],
      ["0d28-0204-1-26", "DAPLink"],
    ]);
    assertStringIncludes(broken[0]?.problem?.message ?? "", "it does not answer");
    const refusing = probes.find(({ uniqueId }) => uniqueId === "0d28-0204-1-27");
    assertEquals([refusing?.description, refusing?.problem], ["DAPLink", undefined]);
    console.log(`list of 28 probes, 2 of them mute: ${Math.round(ms)} ms`);
    assert(ms < 5000, `${ms} ms`);
  },
);

rung1Test("rung 1: of two nameless HID interfaces the one with CMSIS-DAP's usage page is used", async () => {
  await using bench = await Bench.start([{ board: "stm32f407", serial: "1", identity: { v2: false, otherHid: true } }]);
  const { code, stderr } = await bench.tapir(["flash", ...DEMO]);
  assertEquals(code, 0, stderr);
  // The system's word counts where it has one: with the descriptors exchanged the other interface is taken, in vain.
  const { report, otherReport } = buildDescriptors({
    vendorId: 0,
    productId: 0,
    manufacturer: "",
    product: "",
    serial: "",
    v2: false,
    swo: false,
    v1: true,
    hidOut: true,
  });
  await editSysfs(bench, (text) => withReport(1, otherReport)(withReport(0, report)(text)));
  assertEquals((await listJson(bench)).probes.map(({ problem }) => problem === undefined), [false]);
});

rung1Test("rung 1: a probe that another program uses gets no packet", async () => {
  await using bench = await Bench.start([
    { board: "stm32f407", serial: "0240000048824e45" },
    { board: "stm32f407", serial: "2" },
  ]);
  // The program works through the HID interface; bulk would be free.
  await editSysfs(
    bench,
    (text) => text.replaceAll(/^P: (.*:1\.1)$/gm, "P: $1\nL: driver=../../../../../../bus/usb/drivers/usbfs"),
  );
  const { stdout, code } = await bench.tapir(["list"]);
  assertEquals(code, 0);
  assertMatch(stdout, /Tapir CMSIS-DAP +0240000048824e45 +✖︎ k64f\n +FRDM-K64F\n +Cannot claim interface 1 of/);
  assertMatch(stdout, /Tapir CMSIS-DAP +2 +n\/a\n +Cannot claim interface 1 of .*: another program uses it\n +Close /);
  const flash = await bench.tapir(["flash", "-u", "2", ...DEMO]);
  assertEquals(flash.code, 3, flash.stderr);
  assertStringIncludes(flash.stderr, "Hint: Close ");
  assertEquals((await bench.counters()).map(({ packets }) => packets), [0, 0]);
});

rung1Test("rung 1: each of several alike probes is opened by the unique ID that list gives it", async () => {
  const alike = {
    board: "stm32f407",
    serial: "",
    identity: { product: "WCH-Link", vendorId: 0x1a86, productId: 0x8011 },
  };
  await using bench = await Bench.start([
    alike,
    alike,
    { board: "stm32f407", serial: "AA" },
    { board: "stm32f407", serial: "AA" },
  ]);
  const { probes } = await listJson(bench);
  const before = await bench.counters();
  for (const [i, { uniqueId }] of probes.entries()) {
    const { code, stderr } = await bench.tapir(["flash", "-u", uniqueId, ...DEMO]);
    assertEquals(code, 0, stderr);
    const port = Number(/(\d+)$/.exec(uniqueId)?.[1]);
    const worked = (await bench.counters()).map(({ packets }, n) => packets > before[n]!.packets + 10);
    const done = probes.slice(0, i + 1).map((probe) => Number(/(\d+)$/.exec(probe.uniqueId)?.[1]));
    assertEquals([worked[port - 1], worked.filter(Boolean).length], [true, done.length]);
  }
});
