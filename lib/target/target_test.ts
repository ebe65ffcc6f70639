import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EXIT, ProbeError, TargetError, TransferError, UsageError } from "../base/errors.ts";
import type { CortexM } from "../core/cortex_m.ts";
import { openSim } from "../probe/sim/driver.ts";
import type { TargetSteps } from "./delegates.ts";
import type { TargetDescription } from "./description.ts";
import { makeRegion, ramRegion } from "./memory_map.ts";
import { resolveResetType } from "./reset.ts";
import type { TargetSettings } from "./settings.ts";
import { parseConnectMode, Target } from "./target.ts";

const DESCRIPTION: TargetDescription = {
  name: "STM32F072RBTx",
  vendor: "STMicroelectronics",
  families: ["STM32F0 Series"],
  source: "script",
  memory: [makeRegion("FLASH", "flash", 0x08000000, 0x20000, { isBoot: true }), ramRegion("SRAM", 0x20000000, 0x4000)],
  algorithms: [],
  processors: [{ name: "Cortex-M0", core: "Cortex-M0" }],
};

/** A program that branches to itself at 0x08000040, whatever happens. */
function spinning(): Uint8Array {
  const view = new DataView(new ArrayBuffer(0x80));
  view.setUint32(0, 0x20001000, true);
  for (let vector = 1; vector < 16; vector++) view.setUint32(vector * 4, 0x08000041, true);
  view.setUint16(0x40, 0xe7fe, true);
  return new Uint8Array(view.buffer);
}

async function bench(hooks: TargetSteps = {}, settings: Partial<TargetSettings> = {}) {
  const opened = await openSim("stm32f072", { board: { timing: "fast", image: spinning() } });
  const layers = [{ name: "script", hooks }];
  return { ...opened, target: new Target({ probe: opened.probe, description: DESCRIPTION, layers, settings }) };
}

Deno.test("connect() stops at a delegate that throws, with its own message", async () => {
  const { target } = await bench({ unlock_device: () => Promise.reject(new Error("no key")) });
  const error = await assertRejects(
    () => target.connect(),
    TargetError,
    "Cannot complete step unlock_device of script",
  );
  assert((error.cause as Error).message === "no key");
});

Deno.test("connect() says so when the debug port leads to no core", async () => {
  const edit: TargetSteps = { will_init_target: ({ init_sequence }) => void init_sequence.remove("discovery") };
  const { target } = await bench(edit);
  const error = await assertRejects(() => target.connect(), TargetError, "Cannot find a core");
  assertEquals([error.code, error.exitCode], ["no-cores", EXIT.noTarget]);
  const tolerant = (await bench(edit, { allowNoCores: true })).target;
  await tolerant.connect();
  assertThrows(() => tolerant.primaryCore, TargetError, "0 cores discovered");
});

Deno.test("connect() refuses a chip that a layer calls locked, and gets in when mass erase opens it", async () => {
  let locked = true;
  const hooks: TargetSteps = {
    is_locked: () => ({ locked, protection: "the padlock" }),
    mass_erase: () => {
      locked = false;
      return true;
    },
  };
  const error = await assertRejects(
    async () => (await bench(hooks)).target.connect(),
    TargetError,
    "Cannot debug STM32F072RBTx: the padlock is on",
  );
  assertEquals(error.code, "target-locked");
  const { target } = await bench(hooks, { autoUnlock: true });
  await target.connect();
  assertEquals(target.cores.length, 1);
});

Deno.test("disconnect() goes on after failures and gives up when the probe has gone", async () => {
  const told: string[] = [];
  const hooks: TargetSteps = {
    will_disconnect: () => Promise.reject(new Error("broken")),
    did_disconnect: () => void told.push("did"),
  };
  const first = await bench(hooks);
  await first.target.connect();
  await first.target.disconnect();
  assertEquals(told, ["did"]);
  const second = await bench(hooks);
  await second.target.connect();
  second.link.send = () => Promise.reject(new ProbeError("Cannot send: gone"));
  await second.target.disconnect();
  assertEquals([told, second.target.cores], [["did"], []]);
});

Deno.test("delegates are called in the order of connecting, resetting and disconnecting", async () => {
  const seen: string[] = [];
  const names = [
    "will_connect",
    "will_init_target",
    "unlock_device",
    "will_start_debug_core",
    "start_debug_core",
    "did_start_debug_core",
    "post_connect_hook",
    "did_init_target",
    "did_connect",
    "set_reset_catch",
    "will_reset",
    "did_reset",
    "clear_reset_catch",
    "will_disconnect",
    "will_stop_debug_core",
    "stop_debug_core",
    "did_stop_debug_core",
    "did_disconnect",
  ] as const;
  const hooks = Object.fromEntries(names.map((name) => [name, () => void seen.push(name)])) as TargetSteps;
  const { target } = await bench(hooks);
  await target.connect();
  await target.reset(target.primaryCore, "default", { halt: true });
  await target.disconnect();
  const once = names.filter((name) => name !== "start_debug_core");
  assertEquals(seen.filter((name) => name !== "start_debug_core"), once);
  assertEquals(seen.filter((name) => name === "start_debug_core").length, 2);
});

Deno.test("will_init_target may replace a task of the init sequence", async () => {
  const { target } = await bench({
    will_init_target: ({ init_sequence }) => void init_sequence.replace("halt_on_connect", () => {}),
  });
  await target.connect("halt");
  assertEquals(await target.primaryCore.state(), "running");
});

Deno.test("will_reset answering true replaces the reset; the catch is taken away even when it throws", async () => {
  let fail = false;
  const { target } = await bench({
    will_reset: async ({ core }) => {
      if (fail) throw new Error("no reset today");
      await core.writeRegisters({ pc: 0x08000050 });
      return true;
    },
  }, { resetHaltTimeoutMs: 50 });
  await target.connect();
  await target.reset(target.primaryCore, "system", { halt: true });
  assertEquals(await target.primaryCore.readRegister("pc"), 0x08000050);
  fail = true;
  await assertRejects(() => target.reset(target.primaryCore, "system", { halt: true }), TargetError, "no reset today");
  assertEquals(await target.primaryCore.vectorCatch(), "");
});

Deno.test("reset() keeps the user's own reset catch and puts breakpoints back", async () => {
  const { target } = await bench();
  await target.connect();
  const core = target.primaryCore;
  await core.setVectorCatch("r");
  await core.setBreakpoint(0x08000040);
  await target.reset(core, "hardware", { halt: true });
  assertEquals(await core.vectorCatch(), "r");
  await core.setVectorCatch("n");
  await core.writeRegisters({ pc: 0x0800003e, xpsr: 0x01000000 });
  await core.resume();
  assert(await core.waitHalted(100));
  assertEquals(await core.haltReason(), "breakpoint");
});

Deno.test("events tell of connecting, resetting and disconnecting", async () => {
  const { target } = await bench();
  const seen: string[] = [];
  target.events.on((event) => void seen.push("resetType" in event ? `${event.type} ${event.resetType}` : event.type));
  await target.connect();
  await target.reset(undefined, "sysresetreq");
  await target.disconnect({ resume: false });
  assertEquals(seen, [
    "post-connect",
    "pre-reset sysresetreq",
    "post-reset sysresetreq",
    "pre-disconnect",
    "post-disconnect",
  ]);
});

Deno.test("disconnect({ resume: false }) leaves the core halted", async () => {
  const { target, board } = await bench();
  await target.connect();
  await target.disconnect({ resume: false });
  const before = board.instructions;
  board.advance(1e6);
  assertEquals(board.instructions, before);
});

Deno.test("resolveResetType() prefers what was asked for, then the setting, then the core's own", async () => {
  const { target } = await bench({}, { multicoreDebug: true });
  const primary = { index: 0 } as CortexM;
  const secondary = { index: 1 } as CortexM;
  assertEquals(resolveResetType(target, secondary, "hardware"), "hardware");
  assertEquals(resolveResetType(target, secondary, "default"), "core");
  assertEquals(resolveResetType(target, primary, "default"), "default");
  target.settings = { ...target.settings, resetType: "n_srst" };
  assertEquals(resolveResetType(target, secondary, "default"), "n_srst");
});

Deno.test("connect() to a silent wire fails with the exit code for an absent target", async () => {
  const { target, probe } = await bench();
  probe.transfer = () => Promise.resolve({ words: new Uint32Array(0), done: 0, partial: 0, fault: "no-ack" });
  const error = await assertRejects(() => target.connect(), TransferError);
  assertEquals([error.code, error.exitCode], ["no-target", EXIT.noTarget]);
});

Deno.test("parseConnectMode() knows the four modes and refuses others", () => {
  assertEquals(parseConnectMode("under_reset"), "under-reset");
  assertThrows(() => parseConnectMode("gently"), UsageError, "Cannot use connect mode gently");
});
