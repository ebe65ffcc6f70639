/**
 * Finding the access ports behind a debug port.
 *
 * @module
 */
import { AccessPort, CLASS_MEM_AP, decodeApIdr } from "./access_port.ts";
import { type ApAddress, apName, type DebugPort } from "./debug_port.ts";
import { MemAp } from "./mem_ap.ts";
import { handled } from "./queue.ts";
import { AP } from "./registers.ts";
import { getLogger } from "../base/log.ts";

const log = getLogger("dap");

/** How far an ADIv5 scan goes. */
export interface ScanOptions {
  /** `adi.v5.max_invalid_ap_count`: stop after so many absent access ports in a row; 3 unless told. */
  readonly maxInvalid?: number;
  /** `scan_all_aps`: try all 256. */
  readonly scanAll?: boolean;
  /** Try exactly these numbers, for chips that lock up when others are touched. */
  readonly apsels?: readonly number[];
}

/**
 * Reads IDR of ADIv5 access ports and opens those that are there, lowest number first. MEM-APs come out as
 * {@linkcode MemAp}, others as plain {@linkcode AccessPort}.
 *
 * @throws {TransferError}
 */
export async function scanAccessPorts(dp: DebugPort, options: ScanOptions = {}): Promise<AccessPort[]> {
  const found: AccessPort[] = [];
  const opened: Promise<AccessPort>[] = [];
  if (options.apsels) await scan(options.apsels);
  else if (options.scanAll) await scan(range(0, 256));
  else {
    const step = Math.max(options.maxInvalid ?? 3, 1);
    let next = 0;
    let end = step;
    while (next < end) {
      const present = await scan(range(next, end));
      next = end;
      if (present.length > 0) end = Math.min(256, present.at(-1)! + 1 + step);
    }
  }
  found.push(...await Promise.all(opened));
  return found;

  async function scan(apsels: readonly number[]): Promise<number[]> {
    const idrs = await Promise.all(apsels.map((apsel) => dp.readAp({ apsel }, AP.idr)));
    return apsels.filter((apsel, index) => {
      const idr = idrs[index]!;
      if (idr === 0) return false;
      log.info(() => `${apName({ apsel })} IDR = 0x${idr.toString(16).padStart(8, "0")} (${decodeApIdr(idr).name})`);
      opened.push(handled(openAccessPort(dp, { apsel }, idr)));
      return true;
    });
  }
}

/**
 * Opens the access port at `address`.
 *
 * @param idr its IDR when it was read already
 * @throws {TransferError}
 */
export async function openAccessPort(dp: DebugPort, address: ApAddress, idr?: number): Promise<AccessPort> {
  const identity = decodeApIdr(idr ?? await dp.readAp(address, AP.idr));
  return identity.apClass === CLASS_MEM_AP
    ? await MemAp.open(dp, address, identity)
    : new AccessPort(dp, address, identity);
}

/**
 * The address space of ADIv6 access ports, in which the root ROM table lies: words only, read through SELECT.
 */
export class ApSpace {
  readonly #dp: DebugPort;

  /** The space behind `dp`. */
  constructor(dp: DebugPort) {
    this.#dp = dp;
  }

  /** Queues the read of the word at a byte address. @throws {TransferError} from the promise */
  read32(address: number): Promise<number> {
    return this.#dp.queue.read("ap", this.#dp.selectAddress(address), { ap: "AP space", address });
  }

  /** Queues reads of `count` words from a byte address. @throws {TransferError} from the promise */
  readWords(address: number, count: number): Promise<Uint32Array> {
    const words = Promise.all(range(0, count).map((i) => this.read32(address + i * 4)));
    return handled(words.then((values) => Uint32Array.from(values)));
  }

  /** Queues the write of the word at a byte address. */
  write32(address: number, value: number): void {
    this.#dp.queue.write("ap", this.#dp.selectAddress(address), value, { ap: "AP space", address });
  }
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
