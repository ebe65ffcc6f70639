/**
 * Tapir programs and debugs Arm Cortex-M chips through any common debug probe.
 *
 * @example Program a simulated board, then look at what runs on it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connect } from "./mod.ts";
 *
 * await using session = await connect({ probe: "sim:stm32f407" });
 * const core = session.coreAt(0);
 * await core.halt();
 * // movs r0, #42; b .
 * core.writeBytes(0x20000000, Uint8Array.of(0x2a, 0x20, 0xfe, 0xe7));
 * await core.writeRegisters({ pc: 0x20000000, xpsr: 0x01000000 });
 * await core.step();
 * assertEquals(await core.readRegister("r0"), 42);
 * ```
 *
 * @example Registers of the debug port and of an access port
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connect } from "./mod.ts";
 *
 * await using session = await connect({ probe: "sim:stm32f407" });
 * assertEquals(await session.dp.readReg(0x0), 0x2ba01477); // DPIDR
 * assertEquals(await session.ap(0).readReg(0xfc), 0x24770011); // IDR of the AHB-AP
 * ```
 *
 * @example Plan, then program; the pack brings the flash algorithm
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connect } from "./mod.ts";
 *
 * const pack = new URL("./scripts/demo/Tapir.Demo_DFP", import.meta.url);
 * await using session = await connect({ probe: "sim:stm32f407", pack });
 * const plan = await session.flash.plan([{ address: 0x08000000, data: Uint8Array.of(1, 2, 3, 4) }]);
 * const report = await session.flash.run(plan);
 * assertEquals(report.programmedBytes > 0, true);
 * assertEquals(await session.coreAt(0).readBytes(0x08000000, 4), Uint8Array.of(1, 2, 3, 4));
 * ```
 *
 * @example Reset, and hear about it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connect } from "./mod.ts";
 *
 * await using session = await connect({ probe: "sim:stm32f407" });
 * const seen: string[] = [];
 * session.target.events.on((event) => seen.push(event.type));
 * await session.reset({ type: "hardware", halt: true });
 * assertEquals([await session.coreAt(0).state(), ...seen], ["halted", "pre-reset", "post-reset"]);
 * ```
 *
 * @module
 */
export * from "./lib/base/bytes.ts";
export * from "./lib/base/clock.ts";
export * from "./lib/base/errors.ts";
export * from "./lib/base/events.ts";
export type { Logger } from "./lib/base/log.ts";
export * from "./lib/base/ranges.ts";
export * from "./lib/core/breakpoints.ts";
export * from "./lib/core/caches.ts";
export * from "./lib/core/core.ts";
export * from "./lib/core/cortex_m.ts";
export * from "./lib/core/features.ts";
export * from "./lib/core/patched_memory.ts";
export * from "./lib/core/registers.ts";
export * from "./lib/coresight/batch.ts";
export * from "./lib/coresight/component_id.ts";
export * from "./lib/coresight/discovery.ts";
export * from "./lib/coresight/dwt.ts";
export * from "./lib/coresight/ids.ts";
export * from "./lib/coresight/patched_space.ts";
export * from "./lib/dap/access_port.ts";
export * from "./lib/dap/debug_port.ts";
export * from "./lib/dap/mem_ap.ts";
export * from "./lib/dap/memory.ts";
export * from "./lib/dap/queue.ts";
export * from "./lib/flash/bank.ts";
export * from "./lib/flash/divide.ts";
export * from "./lib/flash/erase_spec.ts";
export * from "./lib/flash/placement.ts";
export * from "./lib/flash/plan.ts";
export * from "./lib/flash/programmer.ts";
export * from "./lib/flash/report.ts";
export * from "./lib/flash/runner.ts";
export * from "./lib/flash/sequence_runner.ts";
export * from "./lib/format/byte_source.ts";
export * from "./lib/format/image.ts";
export * from "./lib/format/read_image.ts";
export * from "./lib/pack/attributes.ts";
export * from "./lib/pack/pdsc_types.ts";
export * from "./lib/pack/source.ts";
export * from "./lib/probe/probe.ts";
export * from "./lib/session/config.ts";
export { type ConnectRequest, probes } from "./lib/session/connect.ts";
export * from "./lib/session/flash_service.ts";
export * from "./lib/session/option_table.ts";
export * from "./lib/session/option_text.ts";
export * from "./lib/session/options.ts";
export * from "./lib/session/session.ts";
export * from "./lib/session/settings.ts";
export {
  type ArgumentBase,
  type ArgumentType,
  type ArgumentTypes,
  type ArgumentValue,
  type ArgumentValues,
  type BaseValue,
  command,
  type CommandDefinition,
  ScriptCommand,
  type ScriptCommandContext,
} from "./lib/script/command.ts";
export * from "./lib/script/connect.ts";
export * from "./lib/script/flash_algorithm.ts";
export {
  type CommandSet,
  type DelegateContext,
  type DelegateName,
  type ScriptDelegates,
  type ScriptServices,
} from "./lib/script/services.ts";
export * from "./lib/target/delegates.ts";
export * from "./lib/target/description.ts";
export * from "./lib/target/ladder.ts";
export * from "./lib/target/memory_map.ts";
export * from "./lib/target/settings.ts";
export * from "./lib/target/target.ts";
export * from "./lib/target/task_list.ts";
