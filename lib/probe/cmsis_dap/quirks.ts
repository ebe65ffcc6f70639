/**
 * What is peculiar about single CMSIS-DAP probes, by USB vendor and product number.
 *
 * @module
 */

/** Peculiarities of one kind of probe. */
export interface Quirks {
  /** Name for people. */
  readonly name: string;
  /** Has further HID interfaces; the CMSIS-DAP one is that with usage page 0xFF00. */
  readonly hidUsagePage?: true;
  /** `bDeviceClass` values accepted beside 0x00 and 0xEF. */
  readonly deviceClass?: number;
  /** The first four characters of the serial number say which board the probe is on (DAPLink). */
  readonly boardIdInSerial?: true;
  /** Loses the wire clock when connecting or switching; it has to be set again afterwards. */
  readonly losesClock?: true;
  /** Its firmware loses responses when several requests are under way. */
  readonly limitPackets?: true;
}

const EDBG = { losesClock: true } as const;

/** Probes that are taken for CMSIS-DAP even when their strings do not say so; the key is `vid:pid` in hexadecimal. */
const KNOWN: Readonly<Record<string, Quirks>> = {
  "0d28:0204": { name: "DAPLink", deviceClass: 0x02, boardIdInSerial: true },
  "03eb:2111": { name: "Microchip EDBG", ...EDBG },
  "03eb:2140": { name: "Microchip JTAGICE3", ...EDBG },
  "03eb:2141": { name: "Microchip Atmel-ICE", ...EDBG },
  "03eb:2144": { name: "Microchip Power Debugger", ...EDBG },
  "03eb:2145": { name: "Microchip mEDBG", ...EDBG },
  "03eb:216c": { name: "Microchip EDBGC", ...EDBG },
  "03eb:2175": { name: "Microchip nEDBG", ...EDBG },
  "0451:bef3": { name: "Texas Instruments XDS110", limitPackets: true },
  "04b4:f138": { name: "Infineon KitProg1" },
  "04b4:f148": { name: "Infineon KitProg2" },
  "04b4:f151": { name: "Infineon MiniProg4" },
  "04b4:f152": { name: "Infineon MiniProg4 (HID)" },
  "04b4:f154": { name: "Infineon KitProg3 (HID)", hidUsagePage: true },
  "04b4:f155": { name: "Infineon KitProg3", hidUsagePage: true },
  "04b4:f166": { name: "Infineon KitProg3 (2 UARTs)" },
  "1a86:8011": { name: "WCH-Link" },
  "1fc9:0090": { name: "NXP LPC-Link2", hidUsagePage: true },
  "1fc9:0143": { name: "NXP MCU-Link", hidUsagePage: true },
  "2a86:8011": { name: "WCH-Link" },
  "30cc:9527": { name: "Vega VT-LinkII" },
  "c251:2750": { name: "Keil ULINKplus" },
};

/** Parts of product and interface strings that mark a CMSIS-DAP probe. */
export const CMSIS_DAP_STRINGS: readonly string[] = ["CMSIS-DAP", "CMSIS_DAP", "WCH-Link"];

/**
 * What is known about a USB device, or undefined for one that is not known.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { quirksOf } from "./quirks.ts";
 *
 * assertEquals(quirksOf(0x0d28, 0x0204)?.name, "DAPLink");
 * assertEquals(quirksOf(0x1234, 0x5678), undefined);
 * ```
 */
export function quirksOf(vendorId: number, productId: number): Quirks | undefined {
  const key = [vendorId, productId].map((id) => id.toString(16).padStart(4, "0")).join(":");
  return Object.hasOwn(KNOWN, key) ? KNOWN[key] : undefined;
}
