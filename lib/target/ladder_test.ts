import { assertEquals, assertRejects } from "@std/assert";
import { TargetError, UsageError } from "../base/errors.ts";
import type { StepContext, TargetSteps } from "./delegates.ts";
import { Ladder, type Layer } from "./ladder.ts";

const CONTEXT = {} as StepContext<"mass_erase">;
const layer = (name: string, hooks: TargetSteps, more: Partial<Layer> = {}): Layer => ({ name, hooks, ...more });

Deno.test("run() aborts with the layer's own message when a delegate throws, and tries no lower layer", async () => {
  let lower = false;
  const ladder = new Ladder([
    layer("script", { mass_erase: () => Promise.reject(new UsageError("Cannot read key", { hint: "Give one" })) }),
    layer("family", { mass_erase: () => lower = true }),
  ]);
  const error = await assertRejects(
    () => ladder.run("mass_erase", CONTEXT, () => Promise.resolve(void (lower = true))),
    TargetError,
    "Cannot complete step mass_erase of script: Cannot read key",
  );
  assertEquals([lower, error.hint, error.exitCode, error.fields.layer], [false, "Give one", 2, "script"]);
});

Deno.test("run() stops at the first layer that answers true", async () => {
  const called: string[] = [];
  const ladder = new Ladder([
    layer("script", { mass_erase: () => void called.push("script") }),
    layer("pack", { mass_erase: () => called.push("pack") > 0 }),
    layer("family", { mass_erase: () => called.push("family") > 0 }),
  ]);
  assertEquals(await ladder.run("mass_erase", CONTEXT), "pack");
  assertEquals(called, ["script", "pack"]);
});

Deno.test("run() falls through a disabled layer to the architecture default", async () => {
  let done = false;
  const ladder = new Ladder([layer("pack", { mass_erase: () => true }, { enabled: (step) => step !== "mass_erase" })]);
  assertEquals(ladder.offers("mass_erase"), false);
  const who = await ladder.run("mass_erase", CONTEXT, () => Promise.resolve(void (done = true)));
  assertEquals([who, done], ["default", true]);
});

Deno.test("notify() tells every layer whatever they answer", async () => {
  const called: string[] = [];
  const ladder = new Ladder([layer("family", { mass_erase: () => called.push("family") > 0 })]);
  ladder.addOnTop(layer("script", { mass_erase: () => called.push("script") > 0 }));
  await ladder.notify("mass_erase", CONTEXT);
  assertEquals(called, ["script", "family"]);
});

Deno.test("lockState() says unlocked when nobody knows better", async () => {
  assertEquals(await new Ladder().lockState(CONTEXT), { locked: false });
  const knowing = new Ladder([layer("x", { is_locked: () => ({ locked: true, protection: "P" }) })]);
  assertEquals(await knowing.lockState(CONTEXT), { locked: true, protection: "P" });
});

Deno.test("hooks keep their this", async () => {
  const hooks = {
    done: false,
    mass_erase(): boolean {
      this.done = true;
      return true;
    },
  };
  await new Ladder([layer("object", hooks)]).run("mass_erase", CONTEXT);
  assertEquals(hooks.done, true);
});
