/**
 * Finds the CMSIS-DAP probes among the devices on the USB. Devices are opened only where the system does not know what
 * they say about themselves, all at once, and each for a limited time.
 *
 * @module
 */
import { ProbeError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import { describeDevice, type UsbBackend, type UsbDevice, UsbError, type UsbStrings } from "../../usb/mod.ts";
import { quirksOf } from "./quirks.ts";
import { couldBeCmsisDap, lacksCmsisDap, routesTo, type UsbRoute } from "./usb_match.ts";

const log = getLogger("probe", "cmsis_dap.usb");

/** Time that a device gets to say all its strings, in milliseconds; it needs a few. */
const STRINGS_LIMIT_MS = 800;

/** A probe on the USB. */
export interface FoundProbe {
  /** The device. */
  readonly device: UsbDevice;
  /** What it says about itself, or what is known of its kind. */
  readonly strings: UsbStrings;
  /** Ways to talk to it, preferred one first; none when there is a problem. */
  readonly routes: readonly UsbRoute[];
  /** Why it cannot be used. */
  readonly problem?: Error;
}

/** Strings as far as the device gave them. */
interface Asked {
  readonly strings: UsbStrings;
  /** Why one of them is missing. */
  readonly refusal?: UsbError;
}

/** Probes on the USB now. @throws {UsbError} when devices cannot be listed at all */
export async function findProbes(usb: UsbBackend, preferV1 = false): Promise<FoundProbe[]> {
  const candidates = usb.list().filter(({ info }) => couldBeCmsisDap(info) || lacksCmsisDap(info));
  const found = await Promise.all(candidates.map((device) => examine(device, preferV1)));
  return found.filter((probe) => probe !== undefined);
}

/** Reads a device's strings and decides; what stands in the way is only reported of a known probe. */
async function examine(device: UsbDevice, preferV1: boolean): Promise<FoundProbe | undefined> {
  const { info } = device;
  const quirks = quirksOf(info.vendorId, info.productId);
  try {
    const known = device.knownStrings();
    const { strings: raw, refusal }: Asked = known === undefined ? await askForStrings(device) : { strings: known };
    const strings = cleaned(raw);
    const routes = routesTo(info, strings, preferV1);
    if (routes.length > 0) return { device, strings, routes };
    return quirks && { device, strings, routes, problem: refusal ?? noInterface(quirks.name) };
  } catch (error) {
    if (!(error instanceof UsbError)) throw error;
    log.debug(() => `Cannot read the strings of ${describeDevice(info)}: ${error.message}`);
    if (quirks === undefined) return undefined;
    const strings = { manufacturer: "", product: quirks.name, serial: "", interfaces: new Map<number, string>() };
    return { device, strings, routes: [], problem: error };
  }
}

function noInterface(name: string): ProbeError {
  return new ProbeError(`Cannot use this ${name}: it shows no CMSIS-DAP interface`, {
    code: "probe-no-interface",
    hint: "If it is in its bootloader, plug it in again without pressing its button; else give it CMSIS-DAP firmware",
  });
}

/** Asks a device for its strings. A single one that it refuses is empty; a device that does not answer is given up. */
async function askForStrings(device: UsbDevice): Promise<Asked> {
  const { info } = device;
  const connection = device.open();
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    // Ends what is being read. Whether closing works is seen below, where it is awaited.
    connection.close().catch(() => {});
  }, STRINGS_LIMIT_MS);
  let refusal: UsbError | undefined;
  const read = async (index: number): Promise<string> => {
    try {
      return await connection.readString(index);
    } catch (error) {
      if (isLate) {
        throw new UsbError(
          `Cannot read what ${describeDevice(info)} says about itself: it does not answer`,
          "timeout",
          {
            hint: "Plug the probe in again",
            cause: error,
          },
        );
      }
      if (!(error instanceof UsbError) || error.failure !== "stall") throw error;
      refusal ??= error;
      return "";
    }
  };
  try {
    const manufacturer = await read(info.manufacturerIndex);
    const product = await read(info.productIndex);
    const serial = await read(info.serialIndex);
    const interfaces = new Map<number, string>();
    for (const { number, alternate, nameIndex } of info.interfaces) {
      if (alternate === 0 && nameIndex !== 0) interfaces.set(number, await read(nameIndex));
    }
    return { strings: { manufacturer, product, serial, interfaces }, ...(refusal ? { refusal } : {}) };
  } finally {
    clearTimeout(limit);
    await connection.close();
  }
}

/** Strings as Linux shows them, whoever has read them; and without what would upset a terminal. */
function cleaned({ manufacturer, product, serial, interfaces }: UsbStrings): UsbStrings {
  const clean = (text: string): string => text.replace(/\0.*$/s, "").replaceAll(/\p{Cc}/gu, "").trim();
  return {
    manufacturer: clean(manufacturer),
    product: clean(product),
    serial: clean(serial),
    interfaces: new Map([...interfaces].map(([number, name]) => [number, clean(name)])),
  };
}
