/**
 * Talking to a simulated probe in hexadecimal, for tests.
 *
 * @module
 */
import { parseHexBytes } from "../../base/bytes.ts";
import { FaultInjector, type FaultPlan } from "../faults.ts";
import { FakeChip } from "./fake_chip_test_support.ts";
import type { ProbeOptions } from "./options.ts";
import { SimProbe } from "./probe.ts";

/** DAP_SWJ_Sequence: 51 ones. */
export const LINE_RESET = "12 33 ff ff ff ff ff ff 07";
/** DAP_SWJ_Sequence: 8 zeros. */
export const IDLE = "12 08 00";
/** DAP_SWJ_Sequence: 0xE79E. */
export const JTAG_TO_SWD = "12 10 9e e7";
/** DAP_Transfer: read DPIDR. */
export const READ_DPIDR = "05 00 01 02";
/** DAP_Transfer: read CTRL/STAT. */
export const READ_CTRL = "05 00 01 06";
/** DAP_Transfer: CSW = word, single increment; TAR = 0x20000000. */
export const SET_CSW_TAR = "05 00 02 01 52 00 00 23 05 00 00 00 20";
/** Wire transfers made by {@linkcode connected}. */
export const CONNECT_TRANSFERS = 3;

/** Bytes as spaced hexadecimal text; "none" when there are none. */
export function text(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "none";
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Runs one packet. */
export function run(probe: SimProbe, packet: string): string {
  return text(probe.execute(parseHexBytes(packet)));
}

/** A probe whose chip speaks SWD and has debug power; transfers in `plan` count from after that. */
export function connected(
  plan: FaultPlan = [],
  options: ProbeOptions = {},
  chip: FakeChip = new FakeChip(),
): { probe: SimProbe; chip: FakeChip } {
  const shifted = plan.map((fault) =>
    "transfer" in fault ? { ...fault, transfer: fault.transfer + CONNECT_TRANSFERS } : fault
  );
  const probe = new SimProbe(chip, { faults: new FaultInjector(shifted), ...options });
  // Power-up is two transfers: the write and the firmware's check of the last write.
  const powerUp = "05 00 01 04 00 00 00 50";
  for (const packet of ["02 01", LINE_RESET, JTAG_TO_SWD, LINE_RESET, IDLE, READ_DPIDR, powerUp, "09 64 00"]) {
    run(probe, packet);
  }
  return { probe, chip };
}
