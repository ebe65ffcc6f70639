/**
 * The tasks of connecting, by the names pyOCD gave them.
 *
 * @module
 */
import { EXIT, TapirError, TargetError, TimeoutError, TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { CortexM } from "../core/cortex_m.ts";
import { clearResetCatch, type ResetCatch, setResetCatch, startDebug, waitForReset } from "../core/reset.ts";
import { scanAccessPorts } from "../dap/discovery.ts";
import { findAdi6AccessPorts } from "./adi6.ts";
import { applyBusAttributes } from "./bus_attributes.ts";
import { type CoreLocation, findCores } from "./find_cores.ts";
import { assertReset, releaseReset } from "./pins.ts";
import type { ConnectMode } from "./settings.ts";
import type { Target } from "./target.ts";
import { type Task, TaskList } from "./task_list.ts";

const log = getLogger("target", "connect");

/** The tasks of connecting `target` in `mode`. */
export function connectTasks(target: Target, mode: ConnectMode): TaskList {
  const catches = new Map<CortexM, ResetCatch>();
  return new TaskList([
    { name: "pre_connect", run: () => preConnect(target, mode) },
    { name: "dp_init", run: () => new TaskList(debugPortTasks(target, mode)) },
    { name: "unlock_device", run: () => unlockDevice(target) },
    { name: "discovery", run: () => new TaskList(discoveryTasks(target)) },
    { name: "check_for_cores", run: () => checkForCores(target) },
    { name: "halt_on_connect", run: () => haltOnConnect(target, mode, catches) },
    { name: "post_connect", run: () => postConnect(target, mode, catches) },
    { name: "post_connect_hook", run: () => target.ladder.notify("post_connect_hook", target.context) },
  ]);
}

async function preConnect(target: Target, mode: ConnectMode): Promise<void> {
  const { probe, settings } = target;
  if (settings.frequency !== undefined) await probe.setFrequency(settings.frequency);
  if (mode !== "pre-reset" && mode !== "under-reset") return;
  await probe.connect(settings.protocol);
  if (mode === "pre-reset" && await target.sequences?.step("ResetHardware")) return;
  await assertReset(target);
  await target.clock.sleep(settings.resetHoldMs);
  if (mode === "under-reset") return;
  await releaseReset(target);
  await target.clock.sleep(settings.resetPostDelayMs);
}

function debugPortTasks(target: Target, mode: ConnectMode): Task[] {
  const { dp, ladder, context, settings } = target;
  return [
    {
      name: "connect",
      run: () =>
        ladder.run("debug_port_setup", context, async () => {
          await dp.connect({
            protocol: settings.protocol,
            swjEnable: settings.swjEnable,
            useDormant: settings.useDormant,
            // Enabling the wire anew would release nRESET, which has to stay low until the core is caught.
            keepWire: mode === "under-reset",
            ...(settings.targetSel === undefined ? {} : { targetSel: settings.targetSel }),
          });
        }).then(() => {}),
    },
    { name: "power_up_debug", run: () => ladder.run("debug_port_start", context, () => dp.powerUp()).then(() => {}) },
  ];
}

/**
 * Layers above may unlock in their own way; then whoever knows the chip's protection is asked.
 *
 * @throws {TargetError} with code `target-locked` when the chip stays locked
 */
export async function unlockDevice(target: Target): Promise<void> {
  await target.ladder.run("unlock_device", target.context);
  const before = await target.lockState();
  if (!before.locked) return;
  if (before.restricts === "flash") {
    log.warning(`${target.description.name}: ${before.protection} is on; flash cannot be read or changed`);
    return;
  }
  if (target.settings.autoUnlock) {
    log.warning(`${target.description.name} is locked; erasing all of it to get access`);
    await target.massErase();
    if (!(await target.lockState()).locked) return;
  }
  const protection = before.protection ?? "read-back protection";
  throw new TargetError(`Cannot debug ${target.description.name}: ${protection} is on`, {
    code: "target-locked",
    hint: before.hint ??
      "Unlocking erases everything on the chip: run `tapir erase --mass`, or connect with -O auto_unlock=true",
    fields: { protection },
  });
}

function discoveryTasks(target: Target): Task[] {
  let locations: readonly CoreLocation[] = [];
  return [
    {
      name: "find_aps",
      run: async () => {
        target.aps = target.dp.isAdi6 ? await findAdi6AccessPorts(target.dp) : await scanAccessPorts(target.dp, {
          maxInvalid: target.settings.maxInvalidAps,
          scanAll: target.settings.scanAllAps,
        });
        for (const ap of target.aps) applyBusAttributes(ap, target.description);
      },
    },
    { name: "find_components", run: async () => void (locations = await findCores(target)) },
    { name: "create_cores", run: () => createCores(target, locations) },
  ];
}

async function createCores(target: Target, locations: readonly CoreLocation[]): Promise<void> {
  target.cores = [];
  for (const [index, location] of locations.entries()) {
    const core = await CortexM.create({
      memory: location.memory,
      clock: target.clock,
      index,
      isRam: (address) => target.map.regionAt(address)?.kind === "ram",
      aroundRun: (run) => supportRecovery(target, index, run),
      ...(location.name === undefined ? {} : { name: location.name }),
      ...(location.fpb === undefined ? {} : { fpbAddress: location.fpb }),
      ...(location.dwt === undefined ? {} : { dwtAddress: location.dwt }),
    });
    target.cores.push(core);
    const context = { ...target.context, core };
    await target.ladder.notify("will_start_debug_core", context);
    await target.ladder.run("start_debug_core", context, () => startDebug(core));
    if (target.settings.vectorCatch !== undefined) await core.setVectorCatch(target.settings.vectorCatch);
    await target.ladder.notify("did_start_debug_core", context);
    log.info(() => `Core ${index}: ${core.name} ${core.features.revision}, ${core.features.architecture}`);
  }
}

/** Chips that may drop the connection when they run are told before, and told again when the command is out. */
async function supportRecovery(target: Target, index: number, run: () => Promise<void>): Promise<void> {
  const { ladder } = target;
  const core = target.cores.find((candidate) => candidate.index === index);
  const isOffered = ladder.offers("recovery_support_start") || ladder.offers("recovery_support_stop");
  if (core === undefined || !isOffered) return await run();
  const context = { ...target.context, core };
  await ladder.run("recovery_support_start", context);
  await run();
  await ladder.run("recovery_support_stop", context);
}

function checkForCores(target: Target): void {
  if (target.cores.length > 0 || target.settings.allowNoCores) return;
  throw new TargetError("Cannot find a core: the debug port answers, but no access port leads to a Cortex-M", {
    code: "no-cores",
    exitCode: EXIT.noTarget,
    hint: "The chip may be locked or held in reset; try -M under-reset, or allow_no_cores to look around",
  });
}

async function haltOnConnect(target: Target, mode: ConnectMode, catches: Map<CortexM, ResetCatch>): Promise<void> {
  if (mode === "attach") return;
  for (const core of target.cores) {
    if (mode === "under-reset") {
      const context = { ...target.context, core, resetType: "hardware" as const };
      await target.ladder.run("set_reset_catch", context, async () => {
        catches.set(core, await setResetCatch(core));
      });
      continue;
    }
    try {
      await core.halt();
    } catch (error) {
      warnUnlessHalted(error);
    }
  }
}

async function postConnect(
  target: Target,
  mode: ConnectMode,
  catches: ReadonlyMap<CortexM, ResetCatch>,
): Promise<void> {
  if (mode !== "under-reset") return;
  const { settings } = target;
  await releaseReset(target);
  await target.clock.sleep(settings.resetPostDelayMs);
  for (const core of target.cores) {
    try {
      if (settings.coreRecoverTimeoutMs > 0) {
        await waitForReset(core, {
          timeoutMs: settings.coreRecoverTimeoutMs,
          recoverDap: () => target.dp.recover(settings.dapRecoverTimeoutMs),
        });
      }
      if (!await core.waitHalted(settings.resetHaltTimeoutMs)) await core.halt();
    } catch (error) {
      warnUnlessHalted(error);
    }
    const context = { ...target.context, core, resetType: "hardware" as const };
    const before = catches.get(core);
    await target.ladder.run("clear_reset_catch", context, async () => {
      if (before !== undefined) await clearResetCatch(core, before);
    });
  }
}

/** A core that does not halt is no reason to give up the others; anything but that is. */
function warnUnlessHalted(error: unknown): void {
  const expected = error instanceof TimeoutError || error instanceof TargetError || error instanceof TransferError;
  if (!expected) throw error;
  log.warning(`${(error as TapirError).message}; going on without`);
}
