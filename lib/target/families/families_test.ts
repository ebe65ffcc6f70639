import { assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../base/clock.ts";
import { TargetError, TimeoutError } from "../../base/errors.ts";
import type { ApAddress } from "../../dap/debug_port.ts";
import type { TargetDescription } from "../description.ts";
import { Ladder } from "../ladder.ts";
import { DEFAULT_SETTINGS } from "../settings.ts";
import type { Target } from "../target.ts";
import { kinetis } from "./kinetis.ts";
import { familyFor } from "./registry.ts";
import { seriesOf } from "./stm32.ts";
import { lockStateOf } from "./stm32_protection.ts";

function chip(name: string, vendor: string, families: string[] = []): TargetDescription {
  return { name, vendor, families, source: "pack", memory: [], algorithms: [], processors: [] };
}

Deno.test("familyFor() matches vendor and whole part number or family", () => {
  const name = (description: TargetDescription) => familyFor(description)?.name;
  assertEquals(name(chip("MK64FN1M0VLL12", "NXP")), "Kinetis");
  assertEquals(name(chip("K32W042S1M2xxx", "NXP")), undefined);
  assertEquals(name(chip("anything", "NXP", ["MKL Series", "MKL25Z"])), "Kinetis");
  assertEquals(name(chip("nRF52832_xxAA", "Nordic Semiconductor")), "nRF52");
  assertEquals(name(chip("nRF5340_xxAA", "Nordic Semiconductor")), undefined);
  assertEquals(name(chip("nRF52832_xxAA", "Somebody Else")), undefined);
  assertEquals(name(chip("STM32L476RGTx", "STMicroelectronics")), "STM32");
});

Deno.test("seriesOf() tells STM32 series apart", () => {
  const register = (part: string) => seriesOf(part)?.debug[0]?.address;
  assertEquals([register("STM32F072RBTx"), register("STM32L053R8Tx")], [0x40021018, 0x40021034]);
  assertEquals([register("STM32F407VGTx"), register("STM32G431KB")], [0xe0042004, 0xe0042004]);
  assertEquals(seriesOf("STM32H743ZI"), undefined);
});

Deno.test("lockStateOf() calls level 2 permanent", () => {
  assertEquals(lockStateOf(0, true), { locked: false });
  assertEquals(lockStateOf(1, true).restricts, "flash");
  assertEquals(lockStateOf(2, true).hint?.includes("permanent"), true);
});

/** An MDM-AP that erases in two looks, behind what the family uses of a target. */
function kinetisTarget(options: { canErase?: boolean; answers?: boolean } = {}) {
  const { canErase = true, answers = true } = options;
  const state = { secured: true, control: 0, looks: 0, resetLow: false, log: [] as string[] };
  const clock = new VirtualClock();
  const dp = {
    readAp: (_ap: ApAddress, register: number): Promise<number> => {
      if (register === 0xfc) return Promise.resolve(0x001c_0020);
      if (register === 0x04) {
        if (state.control === 1 && ++state.looks === 2) {
          state.control = 0;
          state.secured = false;
        }
        return Promise.resolve(state.control);
      }
      const acknowledged = state.control === 1 && answers ? 1 : 0;
      return Promise.resolve(acknowledged | 2 | (state.secured ? 4 : 0) | (canErase ? 0x20 : 0));
    },
    writeAp: (_ap: ApAddress, _register: number, value: number): void => {
      state.log.push(`control ${value}, reset ${state.resetLow ? "low" : "high"}`);
      state.control = value;
    },
    poll: async (timeoutMs: number, ask: () => Promise<boolean>): Promise<boolean> => {
      for (const end = clock.now() + timeoutMs; clock.now() < end;) {
        if (await ask()) return true;
        await clock.sleep(100);
      }
      return false;
    },
    assertReset: (low: boolean) => {
      state.resetLow = low;
      return Promise.resolve();
    },
    invalidate: () => {},
    recover: () => Promise.resolve(),
  };
  const target = {
    dp,
    clock,
    cores: [],
    settings: DEFAULT_SETTINGS,
    ladder: new Ladder(),
    description: chip("MKL25Z", "NXP"),
  };
  return { state, context: { target: target as unknown as Target } };
}

Deno.test("Kinetis: mass erase is refused when the chip has it disabled", async () => {
  const { state, context } = kinetisTarget({ canErase: false });
  await assertRejects(async () => await kinetis.hooks.mass_erase!(context), TargetError, "disabled in the chip");
  const lock = await kinetis.hooks.is_locked!(context);
  assertEquals([lock.locked, lock.hint?.includes("cannot be opened"), state.log], [true, true, []]);
});

Deno.test("Kinetis: an erase that is never acknowledged times out and lets go of reset", async () => {
  const { state, context } = kinetisTarget({ answers: false });
  await assertRejects(
    async () => await kinetis.hooks.mass_erase!(context),
    TimeoutError,
    "not acknowledged after 10000 ms",
  );
  assertEquals(state.resetLow, false);
});

Deno.test("Kinetis: mass erase works under reset and opens the chip", async () => {
  const { state, context } = kinetisTarget();
  assertEquals((await kinetis.hooks.is_locked!(context)).locked, true);
  assertEquals(await kinetis.hooks.mass_erase!(context), true);
  assertEquals(state.log, ["control 1, reset low"]);
  assertEquals((await kinetis.hooks.is_locked!(context)).locked, false);
  assertEquals(state.resetLow, false);
});
