import { assertEquals, assertRejects } from "@std/assert";
import { PackError, UsageError } from "../base/errors.ts";
import { findTarget, GENERIC_TARGET, type TargetRequest } from "./targets.ts";

function pdsc(devices: readonly string[]): string {
  const list = devices.map((name) => `<device Dname="${name}"/>`).join("");
  return `<package><vendor>V</vendor><name>P</name><devices><family Dfamily="F" Dvendor="V:1">
    <processor Dcore="Cortex-M4"/><memory name="RAM" access="rwx" start="0x20000000" size="0x1000"/>${list}
  </family></devices></package>`;
}

/** Name of the chip that is found with packs of these devices. */
async function find(packs: readonly (readonly string[])[], request: Partial<TargetRequest>): Promise<string> {
  const dir = await Deno.makeTempDir();
  try {
    const paths = packs.map((_, i) => `${dir}/pack${i}`);
    for (const [i, path] of paths.entries()) {
      await Deno.mkdir(path);
      await Deno.writeTextFile(`${path}/V.P.pdsc`, pdsc(packs[i]!));
    }
    const found = await findTarget({ packs: paths, warnGeneric: false, ...request });
    found.close();
    return found.description.name;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("findTarget() refuses a name that no pack knows, with similar ones", async () => {
  const error = await assertRejects(() => find([["ABC100", "ABC200"]], { name: "abc300" }), UsageError) as UsageError;
  assertEquals(error.code, "unknown-target");
  assertEquals(error.hint, "Similar names: ABC100, ABC200");
  await assertRejects(() => find([], { name: "abc300" }), UsageError, "no pack that describes it was given");
});

Deno.test("findTarget() refuses a pack that is not there", async () => {
  await assertRejects(() => findTarget({ packs: ["/no/such.pack"] }), PackError, "there is no such file");
});

Deno.test("findTarget() does not guess among several devices", async () => {
  await assertRejects(() => find([["ABC100", "ABC200"]], {}), UsageError, "Cannot tell which of 2 devices");
});

Deno.test("findTarget() takes the user's name over the probe's, and looks through all packs", async () => {
  const packs = [["ABC100", "ABC200"], ["XYZ1"]];
  assertEquals(await find(packs, { name: "xyz1", suggested: "abc100" }), "XYZ1");
  assertEquals(await find(packs, { suggested: "abc100" }), "ABC100");
});

Deno.test("findTarget() takes the only device of the only pack when nobody names one", async () => {
  assertEquals(await find([["ABC100"]], {}), "ABC100");
  assertEquals(await find([["ABC100"]], { suggested: "other" }), "ABC100");
});

Deno.test("findTarget() falls back to the generic target, also when asked for it", async () => {
  assertEquals(await find([], {}), GENERIC_TARGET.name);
  assertEquals(await find([["ABC100"]], { name: "Cortex_M" }), GENERIC_TARGET.name);
});

Deno.test("findTarget() knows chips by the names of pyOCD and of the boards' table, one where packs have several", async () => {
  const packs = [["STM32L475RGTx", "STM32L475VGTx"], ["MK64FN1M0xxx12"], ["nRF52832_xxAA", "nRF52832_xxAB"]];
  assertEquals(await find(packs, { suggested: "k64f" }), "MK64FN1M0xxx12");
  assertEquals(await find(packs, { name: "NRF52" }), "nRF52832_xxAA");
  assertEquals(await find(packs, { name: "stm32l475xg" }), "STM32L475VGTx");
  await assertRejects(() => find(packs, { name: "nrf91" }), UsageError, "Cannot use target nrf91");
});

Deno.test("findTarget() takes the pack that fits best, not the first that fits somehow", async () => {
  assertEquals(await find([["STM32F103C8"], ["STM32F103C8T6"]], { name: "stm32f103c8t6" }), "STM32F103C8T6");
});
