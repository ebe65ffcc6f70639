/**
 * A simulated board with its probe as a USB device, in real time.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { createBoard, type SimBoard } from "../../sim/boards/mod.ts";
import { FaultInjector } from "../../sim/faults.ts";
import { damage } from "../../sim/link.ts";
import { SimProbe } from "../../sim/probe/probe.ts";
import type { UsbIdentity } from "../../sim/usb/descriptors.ts";
import { SimUsbDevice, type UsbFirmware } from "../../sim/usb/device.ts";
import { parseSimId } from "./driver.ts";

/** Time that is simulated between two looks at the clock, in milliseconds. */
const SLICE_MS = 0.25;

/** Time that catching up may take in one tick, in milliseconds: a busy board falls behind, it does not stall others. */
const BUDGET_MS = 4;

/** What lies further back than this is not made up for, in milliseconds. */
const MAX_BEHIND_MS = 100;

/** Computing time of this process in milliseconds; replaced in tests. */
type Now = () => number;

/** How a served probe differs from the usual one. */
export interface ServedOptions {
  /** Parts of its USB identity. */
  readonly identity?: Partial<UsbIdentity>;
  /** Sees every request packet, before the firmware does. */
  readonly onPacket?: (packet: Uint8Array) => void;
  /** Wall clock in milliseconds. */
  readonly now?: Now;
}

/** A simulated probe on the USB, with its board kept in real time. */
export interface ServedProbe {
  /** The USB device. */
  readonly device: SimUsbDevice;
  /** The board behind it. */
  readonly board: SimBoard;
  /** Brings the board's time up to the wall clock, as far as that is cheap, and moves SWO data. */
  tick(): void;
}

/**
 * Makes the USB device for `BOARD?setting=value&…`, as after `sim:`. Both interfaces lead to the same board. Besides the
 * wall clock, every packet lets the time pass that it takes on the wire.
 *
 * @throws {UsageError} for an unknown board or setting, or one that a served board does not have
 */
export function createServedProbe(id: string, serial: string, options: ServedOptions = {}): ServedProbe {
  const { name, options: sim } = parseSimId(id);
  if (sim.flashFile !== undefined) {
    throw new UsageError(
      `Cannot keep the flash of a served board in ${sim.flashFile}: only Tapir's own boards do that`,
    );
  }
  const board = createBoard(name, sim.board);
  const common = { ...sim.probe, serial, product: "Tapir CMSIS-DAP" };
  const v2 = new SimProbe(board, common);
  const v1 = new SimProbe(board, { ...common, packetSize: 64, packetCount: 4 });
  const faults = sim.probe?.faults ?? new FaultInjector();
  const unplug = (): void => void (device.unplugged = true);
  const firmware = (probe: SimProbe): UsbFirmware => new FaultyFirmware(probe, faults, unplug, options.onPacket);
  const device: SimUsbDevice = new SimUsbDevice(
    {
      vendorId: 0x0d28,
      productId: 0x0204,
      manufacturer: "Tapir",
      product: "Tapir CMSIS-DAP",
      serial,
      v2: true,
      swo: true,
      v1: true,
      hidOut: true,
      ...options.identity,
    },
    firmware(v2),
    firmware(v1),
  );
  const catchUp = follower(board, options.now ?? (() => performance.now()));
  return {
    device,
    board,
    tick: () => {
      catchUp();
      device.pollSwo();
    },
  };
}

/** Lets the board's time follow the wall clock for as long as that is cheap: always, unless the chip computes hard. */
function follower(board: SimBoard, now: Now): () => void {
  let last = now();
  return () => {
    const start = now();
    for (let behind = Math.min(start - last, MAX_BEHIND_MS); behind > 0; behind -= SLICE_MS) {
      board.advance(Math.min(behind, SLICE_MS) * 1e6);
      if (now() - start > BUDGET_MS) break;
    }
    last = start;
  };
}

/** Carries out the packet faults of a plan between USB and firmware. */
class FaultyFirmware implements UsbFirmware {
  readonly #probe: SimProbe;
  readonly #faults: FaultInjector;
  readonly #unplug: () => void;
  readonly #onPacket: ((packet: Uint8Array) => void) | undefined;
  #isHung = false;

  constructor(probe: SimProbe, faults: FaultInjector, unplug: () => void, onPacket?: (packet: Uint8Array) => void) {
    this.#probe = probe;
    this.#faults = faults;
    this.#unplug = unplug;
    this.#onPacket = onPacket;
  }

  submit(packet: Uint8Array): Uint8Array[] {
    this.#onPacket?.(packet);
    const faults = this.#faults.nextPacket();
    if (faults.some(({ kind }) => kind === "gone")) this.#unplug();
    if (faults.some(({ kind }) => kind === "hang")) this.#isHung = true;
    if (this.#isHung) return [];
    const responses = this.#probe.submit(packet);
    const last = responses.pop();
    const damaged = last === undefined ? undefined : damage(last, faults);
    return damaged === undefined ? responses : [...responses, damaged];
  }

  takeSwoStream(): Uint8Array {
    return this.#probe.takeSwoStream();
  }
}
