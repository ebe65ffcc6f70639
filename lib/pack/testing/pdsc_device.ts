/**
 * A pack's description with one device, whose elements a test writes down.
 *
 * @module
 */
import { Pdsc } from "../pdsc.ts";
import type { PdscDevice } from "../pdsc_types.ts";

/** The device `D`, a Cortex-M4 with `elements`. */
export function pdscDevice(elements: string): PdscDevice {
  return new Pdsc(
    `<package><vendor>V</vendor><name>P</name><devices><family Dfamily="F" Dvendor="V:1">
    <processor Dcore="Cortex-M4"/><device Dname="D">${elements}</device></family></devices></package>`,
    "V.P.pdsc",
  ).device("D");
}
