/**
 * What chips are called in packs that pyOCD, and so the table of boards, knows under names of its own.
 *
 * @module
 */

/**
 * Names of devices in packs by pyOCD's names, with `x` where packages and speeds differ. Where a name means several
 * chips, it is the one that pyOCD's own memory map, or the board, has.
 */
const DEVICES: Readonly<Record<string, string>> = {
  cy8c6xx5: "CY8C6245LQI-S3D72",
  cy8c6xx7: "CY8C6247BZI-D54",
  cy8c6xxa: "CY8C624ABZI-S2D44",
  k20d50m: "MK20DX128xxx5",
  k22f: "MK22FN512xxx12",
  k22fa12: "MK22FN1M0Axxx12",
  k28f15: "MK28FN2M0xxx15",
  k32l2b3: "K32L2B31xxxxA",
  k64f: "MK64FN1M0xxx12",
  k66f18: "MK66FN2M0xxx18",
  k82f25615: "MK82FN256xxx15",
  ke15z7: "MKE15Z256xxx7",
  ke17z7: "MKE17Z256xxx7",
  ke18f16: "MKE18F512xxx16",
  kl02z: "MKL02Z32xxx4",
  kl05z: "MKL05Z32xxx4",
  kl25z: "MKL25Z128xxx4",
  kl26z: "MKL26Z128xxx4",
  kl27z4: "MKL27Z64xxx4",
  kl28z: "MKL28Z512xxx7",
  kl43z4: "MKL43Z256xxx4",
  kl46z: "MKL46Z256xxx4",
  kl82z7: "MKL82Z128xxx7",
  kv10z7: "MKV10Z32xxx7",
  kv11z7: "MKV11Z128xxx7",
  kw01z4: "MKW01Z128xxx4",
  kw24d5: "MKW24D512xxx5",
  kw36z4: "MKW36Z512xxx4",
  kw38z4: "MKW38Z512xxx4",
  kw40z4: "MKW40Z160xxx4",
  kw41z4: "MKW41Z512xxx4",
  lpc11u24: "LPC11U24FBD64/401",
  lpc4088dm: "LPC4088",
  lpc4088qsb: "LPC4088",
  lpc54114: "LPC54114J256BD64",
  lpc54606: "LPC54606J512ET180",
  lpc54608: "LPC54608J512ET180",
  lpc800: "LPC812M101JDH20",
  lpc824: "LPC824M201JHI33",
  lpc845: "LPC845M301JBD64",
  mimxrt1010: "MIMXRT1011xxxxx",
  mimxrt1015: "MIMXRT1015xxxxx",
  mimxrt1020: "MIMXRT1021xxxxx",
  mimxrt1024: "MIMXRT1024xxxxx",
  mimxrt1050: "MIMXRT1052xxxxB",
  mimxrt1050_hyperflash: "MIMXRT1052xxxxB",
  mimxrt1050_quadspi: "MIMXRT1052xxxxB",
  mimxrt1060: "MIMXRT1062xxxxA",
  mimxrt1064: "MIMXRT1064xxxxA",
  mimxrt1170_cm4: "MIMXRT1176xxxxx",
  mimxrt1170_cm7: "MIMXRT1176xxxxx",
  nrf51: "nRF51822_xxAA",
  nrf51822: "nRF51822_xxAA",
  nrf52: "nRF52832_xxAA",
  nrf52832: "nRF52832_xxAA",
  nrf91: "nRF9160_xxAA",
  rp2040_core0: "RP2040",
  rp2040_core1: "RP2040",
  stm32f412xg: "STM32F412ZGTx",
  stm32f429xi: "STM32F429ZITx",
  stm32f439xi: "STM32F439ZITx",
  stm32l031x6: "STM32L031K6Tx",
  stm32l475xg: "STM32L475VGTx",
};

/**
 * Names to look for a chip under, best first: what packs call what pyOCD calls so, and what was typed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { namesFor } from "./pyocd_names.ts";
 *
 * assertEquals(namesFor("K64F"), ["MK64FN1M0xxx12", "K64F"]);
 * assertEquals(namesFor("stm32f407vg"), ["stm32f407vg"]);
 * ```
 */
export function namesFor(typed: string): string[] {
  const key = typed.trim().toLowerCase();
  return Object.hasOwn(DEVICES, key) ? [DEVICES[key]!, typed] : [typed];
}
